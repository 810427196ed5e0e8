-- Instants are timestamptz, to the microsecond. Tables of facts are only ever added to: `effective_at` says from when
-- a fact holds, `recorded_at` (of a report: `received_at`) when the insurer came to know it.

create type identity_kind as enum ('customer_number', 'user_id');
create type event_kind as enum ('login', 'logout');

create table work_provider (
  id uuid primary key,
  name text not null,
  -- The name without case and with single spaces: how it is looked up.
  name_key text not null unique,
  recorded_at timestamptz not null default clock_timestamp()
);

create table api_key (
  id uuid primary key,
  work_provider_id uuid not null references work_provider,
  -- SHA-256 of the key: the key itself is shown once and kept nowhere. Rows stay, so that a key is never taken twice.
  hash bytea not null unique,
  recorded_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  revoked_at timestamptz
);
create index api_key_work_provider on api_key (work_provider_id);

create table setting (
  seq bigint generated always as identity primary key,
  work_provider_id uuid not null references work_provider,
  name text not null check (name in ('cap', 'link_requires')),
  value text not null,
  effective_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp()
);
create index setting_work_provider on setting (work_provider_id);

-- What was accepted and not derived yet. One append stands before a 202; the projector deletes as it claims. The work
-- provider leads the key, so that claiming takes them in turn with one probe for each; request ids rise with time.
create table inbox (
  slice smallint not null,
  work_provider_id uuid not null,
  request_id uuid not null,
  item integer not null,
  identity_kind identity_kind not null,
  identity text not null,
  kind event_kind not null,
  at timestamptz not null,
  received_at timestamptz not null default now(),
  primary key (work_provider_id, request_id, item, slice)
);

-- Every delivery, as it came. A request id holds the time, so that a month of reports can be detached and a request
-- still be looked for in the right ones only.
create table report (
  slice smallint not null,
  work_provider_id uuid not null,
  request_id uuid not null,
  item integer not null,
  identity_kind identity_kind not null,
  identity text not null,
  kind event_kind not null,
  at timestamptz not null,
  received_at timestamptz not null,
  primary key (work_provider_id, request_id, item, slice, received_at)
) partition by range (received_at);
create table report_default partition of report default;

-- The set of distinct reports: what shifts are a function of. `received_at`, `request_id` and `item` are those of the
-- earliest report; `annulled` repeats the last annulment, for the projector.
create table event (
  slice smallint not null,
  work_provider_id uuid not null,
  identity_kind identity_kind not null,
  identity text not null,
  at timestamptz not null,
  kind event_kind not null,
  received_at timestamptz not null,
  request_id uuid not null,
  item integer not null,
  annulled boolean not null default false,
  primary key (slice, work_provider_id, identity_kind, identity, at, kind)
) partition by range (at);
create table event_default partition of event default;

-- One row for everybody ever reported or bound: what projecting, linking, releasing and annulling lock first.
create table identity (
  work_provider_id uuid not null references work_provider,
  kind identity_kind not null,
  identity text not null,
  slice smallint not null,
  primary key (work_provider_id, kind, identity)
);

create table customer (
  customer_number text primary key check (customer_number ~ '^[A-Z0-9]+$'),
  email text not null,
  -- The address trimmed and without case: how it is compared.
  email_key text not null unique,
  name text,
  recorded_at timestamptz not null default clock_timestamp()
);

create table policy (
  id uuid primary key,
  customer_number text not null references customer,
  class_of_use text not null,
  cover_level text not null,
  vehicle_registration text,
  work_provider_id uuid references work_provider,
  valid_from timestamptz not null,
  valid_to timestamptz,
  recorded_at timestamptz not null default clock_timestamp()
);
create index policy_customer on policy (customer_number);

create table policy_cancellation (
  seq bigint generated always as identity primary key,
  policy_id uuid not null references policy,
  effective_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp()
);
create index policy_cancellation_policy on policy_cancellation (policy_id);

-- A link is also its stream: the row is what deriving locks. `derive_from` and `derive_to` name the stretch whose
-- stored result is of other events than there are now (`derive_to` null: to the end).
create table link (
  id bigint generated always as identity primary key,
  work_provider_id uuid not null references work_provider,
  customer_number text not null references customer,
  derive_from timestamptz,
  derive_to timestamptz,
  recorded_at timestamptz not null default clock_timestamp(),
  unique (work_provider_id, customer_number)
);
create index link_customer on link (customer_number);
create index link_to_derive on link (id) where derive_from is not null;

-- Which link holds an identity: from where its last holder ended (null: ever since).
create table binding (
  id bigint generated always as identity primary key,
  work_provider_id uuid not null,
  identity_kind identity_kind not null,
  identity text not null,
  slice smallint not null,
  link_id bigint not null references link,
  held_from timestamptz,
  recorded_at timestamptz not null default clock_timestamp(),
  foreign key (work_provider_id, identity_kind, identity) references identity
);
create index binding_identity on binding (work_provider_id, identity_kind, identity);
create index binding_link on binding (link_id);

create table release (
  binding_id bigint primary key references binding,
  effective_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp()
);

create table consent (
  seq bigint generated always as identity primary key,
  link_id bigint not null references link,
  given boolean not null,
  -- Given through a link that the work provider signed.
  signed boolean not null default false,
  effective_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp()
);
create index consent_link on consent (link_id);

-- A work provider's words on a customer number, whether or not anybody has that number.
create table match (
  request_id uuid primary key,
  work_provider_id uuid not null references work_provider,
  customer_number text not null,
  success boolean not null,
  received_at timestamptz not null default clock_timestamp()
);
create index match_customer on match (customer_number, work_provider_id, received_at);

create table annulment (
  seq bigint generated always as identity primary key,
  work_provider_id uuid not null,
  identity_kind identity_kind not null,
  identity text not null,
  at timestamptz not null,
  kind event_kind not null,
  annulled boolean not null,
  reason text not null,
  by_whom text not null,
  recorded_at timestamptz not null default clock_timestamp()
);
create index annulment_identity on annulment (work_provider_id, identity_kind, identity);

-- Derived from the events of a link. A shift without logout has no `ended_at`: its end by cap is never stored.
create table shift (
  link_id bigint not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  cap_at timestamptz not null,
  rules_version smallint not null,
  primary key (link_id, started_at)
);

create table anomaly (
  link_id bigint not null,
  at timestamptz not null,
  kind text not null check (kind in ('orphan', 'empty', 'repeat')),
  rules_version smallint not null,
  primary key (link_id, at)
);

-- Refused requests: the last 1,000 of each work provider, without bodies, and counts by day. A refusal without a live
-- key is nobody's.
create table refusal (
  request_id uuid primary key,
  work_provider_id uuid references work_provider,
  at timestamptz not null,
  method text not null,
  path text not null,
  status smallint not null,
  error text not null,
  detail text not null
);
create index refusal_work_provider on refusal (work_provider_id, at);

create table refusal_count (
  day date not null,
  work_provider_id uuid references work_provider,
  error text not null,
  refusals bigint not null,
  unique nulls not distinct (day, work_provider_id, error)
);

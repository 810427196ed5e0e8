-- What the migrations add up to. Written by "npm run schema"; to change it, add a migration.

create type event_kind as enum ('login', 'logout');

create type identity_kind as enum ('customer_number', 'user_id');

create table annulment (
  seq bigint generated always as identity not null,
  work_provider_id uuid not null,
  identity_kind identity_kind not null,
  identity text not null,
  at timestamp with time zone not null,
  kind event_kind not null,
  annulled boolean not null,
  reason text not null,
  by_whom text not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (seq)
);
CREATE INDEX annulment_identity ON public.annulment USING btree (work_provider_id, identity_kind, identity);

create table anomaly (
  link_id bigint not null,
  at timestamp with time zone not null,
  kind text not null,
  rules_version smallint not null,
  PRIMARY KEY (link_id, at),
  CHECK ((kind = ANY (ARRAY['orphan'::text, 'empty'::text, 'repeat'::text])))
);

create table api_key (
  id uuid not null,
  work_provider_id uuid not null,
  hash bytea not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  expires_at timestamp with time zone,
  revoked_at timestamp with time zone,
  UNIQUE (hash),
  PRIMARY KEY (id),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id)
);
CREATE INDEX api_key_work_provider ON public.api_key USING btree (work_provider_id);

create table binding (
  id bigint generated always as identity not null,
  work_provider_id uuid not null,
  identity_kind identity_kind not null,
  identity text not null,
  slice smallint not null,
  link_id bigint not null,
  held_from timestamp with time zone,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (id),
  FOREIGN KEY (link_id) REFERENCES link(id),
  FOREIGN KEY (work_provider_id, identity_kind, identity) REFERENCES identity(work_provider_id, kind, identity)
);
CREATE INDEX binding_identity ON public.binding USING btree (work_provider_id, identity_kind, identity);
CREATE INDEX binding_link ON public.binding USING btree (link_id);

create table consent (
  seq bigint generated always as identity not null,
  link_id bigint not null,
  given boolean not null,
  signed boolean not null default false,
  effective_at timestamp with time zone not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (seq),
  FOREIGN KEY (link_id) REFERENCES link(id)
);
CREATE INDEX consent_link ON public.consent USING btree (link_id);

create table customer (
  customer_number text not null,
  email text not null,
  email_key text not null,
  name text,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  UNIQUE (email_key),
  PRIMARY KEY (customer_number),
  CHECK ((customer_number ~ '^[A-Z0-9]+$'::text))
);

create table event (
  slice smallint not null,
  work_provider_id uuid not null,
  identity_kind identity_kind not null,
  identity text not null,
  at timestamp with time zone not null,
  kind event_kind not null,
  received_at timestamp with time zone not null,
  request_id uuid not null,
  item integer not null,
  annulled boolean not null default false,
  PRIMARY KEY (slice, work_provider_id, identity_kind, identity, at, kind)
) partition by RANGE (at);

create table event_default partition of event DEFAULT;

create table identity (
  work_provider_id uuid not null,
  kind identity_kind not null,
  identity text not null,
  slice smallint not null,
  PRIMARY KEY (work_provider_id, kind, identity),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id)
);

create table inbox (
  slice smallint not null,
  work_provider_id uuid not null,
  request_id uuid not null,
  item integer not null,
  identity_kind identity_kind not null,
  identity text not null,
  kind event_kind not null,
  at timestamp with time zone not null,
  received_at timestamp with time zone not null default now(),
  PRIMARY KEY (work_provider_id, request_id, item, slice)
);

create table link (
  id bigint generated always as identity not null,
  work_provider_id uuid not null,
  customer_number text not null,
  derive_from timestamp with time zone,
  derive_to timestamp with time zone,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  UNIQUE (work_provider_id, customer_number),
  PRIMARY KEY (id),
  FOREIGN KEY (customer_number) REFERENCES customer(customer_number),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id)
);
CREATE INDEX link_customer ON public.link USING btree (customer_number);
CREATE INDEX link_to_derive ON public.link USING btree (id) WHERE (derive_from IS NOT NULL);

create table match (
  request_id uuid not null,
  work_provider_id uuid not null,
  customer_number text not null,
  success boolean not null,
  received_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (request_id),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id)
);
CREATE INDEX match_customer ON public.match USING btree (customer_number, work_provider_id, received_at);

create table migration (
  name text not null,
  applied_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (name)
);

create table policy (
  id uuid not null,
  customer_number text not null,
  class_of_use text not null,
  cover_level text not null,
  vehicle_registration text,
  work_provider_id uuid,
  valid_from timestamp with time zone not null,
  valid_to timestamp with time zone,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (id),
  FOREIGN KEY (customer_number) REFERENCES customer(customer_number),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id)
);
CREATE INDEX policy_customer ON public.policy USING btree (customer_number);

create table policy_cancellation (
  seq bigint generated always as identity not null,
  policy_id uuid not null,
  effective_at timestamp with time zone not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (seq),
  FOREIGN KEY (policy_id) REFERENCES policy(id)
);
CREATE INDEX policy_cancellation_policy ON public.policy_cancellation USING btree (policy_id);

create table refusal (
  request_id uuid not null,
  work_provider_id uuid,
  at timestamp with time zone not null,
  method text not null,
  path text not null,
  status smallint not null,
  error text not null,
  detail text not null,
  PRIMARY KEY (request_id),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id)
);
CREATE INDEX refusal_work_provider ON public.refusal USING btree (work_provider_id, at);

create table refusal_count (
  day date not null,
  work_provider_id uuid,
  error text not null,
  refusals bigint not null,
  UNIQUE NULLS NOT DISTINCT (day, work_provider_id, error),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id)
);

create table release (
  binding_id bigint not null,
  effective_at timestamp with time zone not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (binding_id),
  FOREIGN KEY (binding_id) REFERENCES binding(id)
);

create table report (
  slice smallint not null,
  work_provider_id uuid not null,
  request_id uuid not null,
  item integer not null,
  identity_kind identity_kind not null,
  identity text not null,
  kind event_kind not null,
  at timestamp with time zone not null,
  received_at timestamp with time zone not null,
  PRIMARY KEY (work_provider_id, request_id, item, slice, received_at)
) partition by RANGE (received_at);

create table report_default partition of report DEFAULT;

create table setting (
  seq bigint generated always as identity not null,
  work_provider_id uuid not null,
  name text not null,
  value text not null,
  effective_at timestamp with time zone not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (seq),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id),
  CHECK ((name = ANY (ARRAY['cap'::text, 'link_requires'::text])))
);
CREATE INDEX setting_work_provider ON public.setting USING btree (work_provider_id);

create table shift (
  link_id bigint not null,
  started_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  cap_at timestamp with time zone not null,
  rules_version smallint not null,
  PRIMARY KEY (link_id, started_at)
);

create table work_provider (
  id uuid not null,
  name text not null,
  name_key text not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  UNIQUE (name_key),
  PRIMARY KEY (id)
);

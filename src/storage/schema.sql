-- What the migrations add up to. Written by "npm run schema"; to change it, add a migration.

create type event_kind as enum ('login', 'logout');

create type identity_kind as enum ('customer_number', 'user_id');

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'the table % is only ever added to', tg_table_name;
end
$function$;

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

create table attempt (
  scope text not null,
  key bytea not null,
  what bytea not null,
  at timestamp with time zone not null,
  PRIMARY KEY (scope, key, what)
);
CREATE INDEX attempt_age ON public.attempt USING btree (at);

create table audit (
  seq bigint generated always as identity not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  actor_kind text not null,
  actor_name text not null,
  action text not null,
  subject text,
  customer_number text,
  work_provider_id uuid,
  details jsonb not null default '{}'::jsonb,
  PRIMARY KEY (seq),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id),
  CHECK ((actor_kind = ANY (ARRAY['operator'::text, 'driver'::text, 'program'::text])))
);
CREATE INDEX audit_customer ON public.audit USING btree (customer_number, seq) WHERE (customer_number IS NOT NULL);
CREATE INDEX audit_work_provider ON public.audit USING btree (work_provider_id, seq) WHERE (work_provider_id IS NOT NULL);
CREATE TRIGGER audit_is_kept BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

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
  terms_id uuid,
  fields text[],
  came_by text not null default 'staff'::text,
  PRIMARY KEY (seq),
  FOREIGN KEY (link_id) REFERENCES link(id),
  FOREIGN KEY (terms_id) REFERENCES terms(id),
  CHECK ((came_by = ANY (ARRAY['staff'::text, 'link'::text, 'signed link'::text, 'match'::text, 'home'::text, 'mail'::text])))
);
CREATE INDEX consent_link ON public.consent USING btree (link_id);

create table customer (
  customer_number text not null,
  email text not null,
  email_key text not null,
  name text,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  phone text,
  account_id uuid,
  erased_at timestamp with time zone,
  UNIQUE (account_id),
  UNIQUE (email_key),
  PRIMARY KEY (customer_number),
  FOREIGN KEY (account_id) REFERENCES driver_account(id) ON DELETE SET NULL,
  CHECK ((customer_number ~ '^[A-Z0-9]+$'::text))
);

create table driver_account (
  id uuid not null,
  name text not null,
  email text not null,
  email_verified boolean not null,
  image text,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  UNIQUE (email),
  PRIMARY KEY (id)
);

create table driver_credential (
  id uuid not null,
  account_id uuid not null,
  provider_id text not null,
  provider_account_id text not null,
  password text,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamp with time zone,
  refresh_token_expires_at timestamp with time zone,
  scope text,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  PRIMARY KEY (id),
  FOREIGN KEY (account_id) REFERENCES driver_account(id) ON DELETE CASCADE
);
CREATE INDEX driver_credential_account ON public.driver_credential USING btree (account_id);

create table driver_rate_limit (
  id uuid not null,
  key text not null,
  count integer not null,
  last_request bigint not null,
  UNIQUE (key),
  PRIMARY KEY (id)
);

create table driver_session (
  id uuid not null,
  account_id uuid not null,
  token text not null,
  ip_address text,
  user_agent text,
  expires_at timestamp with time zone not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  UNIQUE (token),
  PRIMARY KEY (id),
  FOREIGN KEY (account_id) REFERENCES driver_account(id) ON DELETE CASCADE
);
CREATE INDEX driver_session_account ON public.driver_session USING btree (account_id);
CREATE INDEX driver_session_expiry ON public.driver_session USING btree (expires_at);

create table driver_verification (
  id uuid not null,
  identifier text not null,
  value text not null,
  expires_at timestamp with time zone not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  PRIMARY KEY (id)
);
CREATE INDEX driver_verification_expiry ON public.driver_verification USING btree (expires_at);
CREATE INDEX driver_verification_identifier ON public.driver_verification USING btree (identifier);

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

create table link_asked (
  link_id bigint not null,
  hour timestamp with time zone not null,
  PRIMARY KEY (link_id),
  FOREIGN KEY (link_id) REFERENCES link(id)
);

create table link_conflict (
  work_provider_id uuid not null,
  user_id text not null,
  customer_number text not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (work_provider_id, user_id, customer_number),
  FOREIGN KEY (customer_number) REFERENCES customer(customer_number),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id)
);

create table link_intent (
  id uuid not null,
  work_provider_id uuid not null,
  user_id text,
  email text,
  came_by text not null,
  browser bytea,
  account_id uuid,
  outcome text,
  expires_at timestamp with time zone not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (id),
  FOREIGN KEY (account_id) REFERENCES driver_account(id) ON DELETE CASCADE,
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id),
  CHECK ((came_by = ANY (ARRAY['link'::text, 'signed link'::text, 'match'::text, 'home'::text]))),
  CHECK ((outcome = ANY (ARRAY['linked'::text, 'declined'::text, 'conflict'::text])))
);
CREATE INDEX link_intent_expiry ON public.link_intent USING btree (expires_at);

create table link_secret (
  id uuid not null,
  work_provider_id uuid not null,
  secret text not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  revoked_at timestamp with time zone,
  PRIMARY KEY (id),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id)
);
CREATE INDEX link_secret_work_provider ON public.link_secret USING btree (work_provider_id);

create table mail_link (
  hash bytea not null,
  purpose text not null,
  data jsonb not null,
  expires_at timestamp with time zone not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (hash),
  CHECK ((purpose = ANY (ARRAY['sign up'::text, 'reset password'::text, 'change e-mail'::text, 'undo consent'::text])))
);
CREATE INDEX mail_link_account ON public.mail_link USING btree (((data ->> 'accountId'::text))) WHERE (purpose = 'change e-mail'::text);
CREATE INDEX mail_link_email ON public.mail_link USING btree (lower((data ->> 'email'::text))) WHERE (purpose = ANY (ARRAY['sign up'::text, 'reset password'::text]));
CREATE INDEX mail_link_expiry ON public.mail_link USING btree (expires_at);

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
CREATE INDEX match_received ON public.match USING btree (received_at) WHERE success;

create table match_decline (
  work_provider_id uuid not null,
  customer_number text not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (customer_number, work_provider_id),
  FOREIGN KEY (customer_number) REFERENCES customer(customer_number),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id)
);

create table migration (
  name text not null,
  applied_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (name)
);

create table notice (
  work_provider_id uuid not null,
  customer_number text not null,
  kind text not null,
  about timestamp with time zone not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (customer_number, work_provider_id, kind, about),
  CHECK ((kind = ANY (ARRAY['no cover'::text, 'cap'::text, 'match'::text])))
);
CREATE INDEX notice_age ON public.notice USING btree (recorded_at);

create table outbox (
  id uuid not null,
  to_address text not null,
  subject text not null,
  body text not null,
  kind text not null,
  attempts integer not null default 0,
  next_try_at timestamp with time zone not null default clock_timestamp(),
  sent_at timestamp with time zone,
  failed_at timestamp with time zone,
  last_error text,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (id)
);
CREATE INDEX outbox_age ON public.outbox USING btree (recorded_at);
CREATE INDEX outbox_to_send ON public.outbox USING btree (next_try_at) WHERE ((sent_at IS NULL) AND (failed_at IS NULL));

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

create table shared_secret (
  name text not null,
  secret text not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (name)
);

create table shift (
  link_id bigint not null,
  started_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  cap_at timestamp with time zone not null,
  rules_version smallint not null,
  PRIMARY KEY (link_id, started_at)
);
CREATE INDEX shift_without_logout ON public.shift USING btree (cap_at) WHERE (ended_at IS NULL);

create table terms (
  id uuid not null,
  about text not null,
  work_provider_id uuid,
  version text not null,
  title text not null,
  body text not null,
  hash bytea not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  UNIQUE NULLS NOT DISTINCT (about, work_provider_id, version),
  PRIMARY KEY (id),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id),
  CHECK ((about = ANY (ARRAY['account'::text, 'link'::text]))),
  CHECK (((about = 'link'::text) OR (work_provider_id IS NULL)))
);

create table terms_agreement (
  customer_number text not null,
  terms_id uuid not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (customer_number, terms_id),
  FOREIGN KEY (customer_number) REFERENCES customer(customer_number),
  FOREIGN KEY (terms_id) REFERENCES terms(id)
);

create table work_provider (
  id uuid not null,
  name text not null,
  name_key text not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  UNIQUE (name_key),
  PRIMARY KEY (id)
);

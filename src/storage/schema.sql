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
CREATE INDEX api_key_newest ON public.api_key USING btree (work_provider_id, recorded_at);

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
  CHECK ((actor_kind = ANY (ARRAY['operator'::text, 'driver'::text, 'program'::text, 'staff'::text, 'work provider'::text])))
);
CREATE INDEX audit_actor ON public.audit USING btree (actor_name, seq);
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

create table case_word (
  seq bigint generated always as identity not null,
  kind text not null,
  work_provider_id uuid not null,
  about text not null,
  claimant text not null default ''::text,
  word text not null,
  note text not null default ''::text,
  by_whom text not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (seq),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id),
  CHECK ((word = ANY (ARRAY['note'::text, 'done'::text, 'undone'::text])))
);
CREATE INDEX case_word_case ON public.case_word USING btree (work_provider_id, kind, about, claimant, seq);

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

create table consent_ahead (
  link_id bigint not null,
  effective_at timestamp with time zone not null,
  PRIMARY KEY (link_id, effective_at),
  FOREIGN KEY (link_id) REFERENCES link(id)
);

create table customer (
  customer_number text not null,
  email text not null,
  email_key text not null,
  name text,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  phone text,
  account_id uuid,
  erased_at timestamp with time zone,
  is_test boolean not null default false,
  UNIQUE (account_id),
  UNIQUE (email_key),
  PRIMARY KEY (customer_number),
  FOREIGN KEY (account_id) REFERENCES driver_account(id) ON DELETE SET NULL,
  CHECK ((customer_number ~ '^[A-Z0-9]+$'::text))
);
CREATE INDEX customer_email_prefix ON public.customer USING btree (email_key text_pattern_ops);
CREATE INDEX customer_name_words ON public.customer USING gin (to_tsvector('simple'::regconfig, COALESCE(name, ''::text)));

create table deprecated_use (
  work_provider_id uuid not null,
  day date not null,
  field text not null,
  requests bigint not null,
  PRIMARY KEY (work_provider_id, day, field),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id),
  CHECK ((field = ANY (ARRAY['policyId'::text, 'driverId'::text])))
);

create table desk_account (
  id uuid not null,
  name text not null,
  email text not null,
  email_verified boolean not null,
  image text,
  role text not null,
  work_provider_id uuid,
  two_factor_enabled boolean not null default false,
  disabled_at timestamp with time zone,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  UNIQUE (email),
  PRIMARY KEY (id),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id),
  CHECK (((role = 'work provider'::text) = (work_provider_id IS NOT NULL))),
  CHECK ((role = ANY (ARRAY['viewer'::text, 'operator'::text, 'admin'::text, 'work provider'::text])))
);
CREATE INDEX desk_account_work_provider ON public.desk_account USING btree (work_provider_id) WHERE (work_provider_id IS NOT NULL);

create table desk_credential (
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
  FOREIGN KEY (account_id) REFERENCES desk_account(id) ON DELETE CASCADE
);
CREATE INDEX desk_credential_account ON public.desk_credential USING btree (account_id);

create table desk_rate_limit (
  id uuid not null,
  key text not null,
  count integer not null,
  last_request bigint not null,
  UNIQUE (key),
  PRIMARY KEY (id)
);

create table desk_second_factor (
  id uuid not null,
  account_id uuid not null,
  secret text not null,
  backup_codes text not null,
  verified boolean not null default false,
  failed_verification_count integer not null default 0,
  locked_until timestamp with time zone,
  UNIQUE (account_id),
  PRIMARY KEY (id),
  FOREIGN KEY (account_id) REFERENCES desk_account(id) ON DELETE CASCADE
);

create table desk_session (
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
  FOREIGN KEY (account_id) REFERENCES desk_account(id) ON DELETE CASCADE
);
CREATE INDEX desk_session_account ON public.desk_session USING btree (account_id);
CREATE INDEX desk_session_expiry ON public.desk_session USING btree (expires_at);

create table desk_verification (
  id uuid not null,
  identifier text not null,
  value text not null,
  expires_at timestamp with time zone not null,
  created_at timestamp with time zone not null,
  updated_at timestamp with time zone not null,
  PRIMARY KEY (id)
);
CREATE INDEX desk_verification_expiry ON public.desk_verification USING btree (expires_at);
CREATE INDEX desk_verification_identifier ON public.desk_verification USING btree (identifier);

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
CREATE INDEX event_ahead ON ONLY public.event USING btree (at) WHERE ((kind = 'logout'::event_kind) AND (at > received_at));

create table event_default partition of event DEFAULT;

create table feed (
  work_provider_id uuid not null,
  last_number bigint not null,
  PRIMARY KEY (work_provider_id),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id)
);

create table feed_caps (
  told_to timestamp with time zone not null
);

create table feed_entry (
  id uuid not null default gen_random_uuid(),
  work_provider_id uuid not null,
  seq bigint generated always as identity not null,
  number bigint,
  type text not null,
  customer_number text,
  data json not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (id),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id),
  CHECK ((type = ANY (ARRAY['customer.signed_up'::text, 'link.created'::text, 'link.withdrawn'::text, 'match.needed'::text, 'policy.status_changed'::text, 'shift.opened'::text, 'shift.closed'::text, 'report.parked'::text])))
);
CREATE INDEX feed_entry_age ON public.feed_entry USING btree (recorded_at);
CREATE INDEX feed_entry_signed_up ON public.feed_entry USING btree (customer_number) WHERE (type = 'customer.signed_up'::text);
CREATE INDEX feed_entry_to_number ON public.feed_entry USING btree (seq) WHERE (number IS NULL);
CREATE UNIQUE INDEX feed_entry_number ON public.feed_entry USING btree (work_provider_id, number) WHERE (number IS NOT NULL);

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

create table key_use (
  key_id uuid not null,
  last_used_at timestamp with time zone not null,
  PRIMARY KEY (key_id),
  FOREIGN KEY (key_id) REFERENCES api_key(id)
);

create table lease (
  name text not null,
  holder uuid not null,
  held_until timestamp with time zone not null,
  PRIMARY KEY (name)
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
  CHECK ((purpose = ANY (ARRAY['sign up'::text, 'reset password'::text, 'change e-mail'::text, 'undo consent'::text, 'invitation'::text, 'reset desk password'::text])))
);
CREATE INDEX mail_link_account ON public.mail_link USING btree (((data ->> 'accountId'::text))) WHERE (purpose = 'change e-mail'::text);
CREATE INDEX mail_link_desk ON public.mail_link USING btree (lower((data ->> 'email'::text))) WHERE (purpose = ANY (ARRAY['invitation'::text, 'reset desk password'::text]));
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
CREATE INDEX match_good ON public.match USING btree (customer_number, work_provider_id, received_at) WHERE success;
CREATE INDEX match_received ON public.match USING btree (received_at) WHERE success;
CREATE INDEX match_work_provider ON public.match USING btree (work_provider_id, request_id);

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
CREATE INDEX policy_vehicle ON public.policy USING btree (upper(replace(vehicle_registration, ' '::text, ''::text))) WHERE (vehicle_registration IS NOT NULL);

create table policy_cancellation (
  seq bigint generated always as identity not null,
  policy_id uuid not null,
  effective_at timestamp with time zone not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  PRIMARY KEY (seq),
  FOREIGN KEY (policy_id) REFERENCES policy(id)
);
CREATE INDEX policy_cancellation_policy ON public.policy_cancellation USING btree (policy_id);

create table quality_day (
  work_provider_id uuid not null,
  day date not null,
  counted_at timestamp with time zone not null,
  reports bigint not null,
  duplicates bigint not null,
  logins bigint not null,
  far_ahead bigint not null,
  hour_ahead bigint not null,
  ahead bigint not null,
  on_time bigint not null,
  minutes_late bigint not null,
  hours_late bigint not null,
  days_late bigint not null,
  pending bigint not null,
  parked bigint not null,
  opened bigint not null,
  closed bigint not null,
  repeats bigint not null,
  orphans bigint not null,
  empties bigint not null,
  capped bigint not null,
  first_received_at timestamp with time zone,
  last_received_at timestamp with time zone,
  longest_gap_us bigint not null,
  PRIMARY KEY (work_provider_id, day),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id)
);

create table reconciliation_case (
  kind text not null,
  work_provider_id uuid not null,
  about text not null,
  claimant text not null default ''::text,
  since timestamp with time zone not null default clock_timestamp(),
  happened_at timestamp with time zone not null default clock_timestamp(),
  is_done boolean not null default false,
  PRIMARY KEY (work_provider_id, kind, about, claimant),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id),
  CHECK ((kind = ANY (ARRAY['parked user id'::text, 'parked customer number'::text, 'failed match'::text, 'unknown customer number'::text, 'waiting for consent'::text, 'conflicting claim'::text])))
);
CREATE INDEX reconciliation_case_by_kind ON public.reconciliation_case USING btree (kind, is_done, since, work_provider_id, about, claimant);
CREATE INDEX reconciliation_case_by_work_provider ON public.reconciliation_case USING btree (work_provider_id, kind, is_done, since, about, claimant);

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
CREATE INDEX refusal_newest ON public.refusal USING btree (work_provider_id, at, request_id);

create table refusal_count (
  day date not null,
  work_provider_id uuid,
  error text not null,
  refusals bigint not null,
  UNIQUE NULLS NOT DISTINCT (day, work_provider_id, error),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id)
);
CREATE INDEX refusal_count_work_provider ON public.refusal_count USING btree (work_provider_id, day);

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
  CHECK ((name = ANY (ARRAY['cap'::text, 'link_requires'::text, 'feed'::text])))
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
CREATE INDEX shift_without_logout ON public.shift USING btree (cap_at, link_id) WHERE (ended_at IS NULL);

create table shift_withheld (
  link_id bigint not null,
  started_at timestamp with time zone not null,
  is_told boolean not null,
  told_ended_at timestamp with time zone,
  told_end_reason text,
  PRIMARY KEY (link_id, started_at),
  FOREIGN KEY (link_id) REFERENCES link(id),
  CHECK ((told_end_reason = ANY (ARRAY['logout'::text, 'cap'::text])))
);

create table status_due (
  customer_number text not null,
  due_at timestamp with time zone not null,
  PRIMARY KEY (customer_number, due_at)
);
CREATE INDEX status_due_next ON public.status_due USING btree (due_at);

create table status_told (
  link_id bigint not null,
  status text not null,
  PRIMARY KEY (link_id),
  FOREIGN KEY (link_id) REFERENCES link(id),
  CHECK ((status = ANY (ARRAY['ENABLED'::text, 'DISABLED'::text])))
);

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

create table webhook_delivery (
  entry_id uuid not null,
  endpoint_id uuid not null,
  number bigint not null,
  state text not null default 'waiting'::text,
  attempts integer not null default 0,
  next_try_at timestamp with time zone not null default clock_timestamp(),
  tries jsonb not null default '[]'::jsonb,
  PRIMARY KEY (entry_id, endpoint_id),
  FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoint(id),
  FOREIGN KEY (entry_id) REFERENCES feed_entry(id) ON DELETE CASCADE,
  CHECK ((state = ANY (ARRAY['waiting'::text, 'delivered'::text, 'failed'::text, 'dropped'::text])))
);
CREATE INDEX webhook_delivery_due ON public.webhook_delivery USING btree (endpoint_id, next_try_at) WHERE (state = 'waiting'::text);
CREATE INDEX webhook_delivery_log ON public.webhook_delivery USING btree (endpoint_id, number);
CREATE INDEX webhook_delivery_state ON public.webhook_delivery USING btree (endpoint_id, state, number);

create table webhook_endpoint (
  id uuid not null,
  work_provider_id uuid not null,
  url text not null,
  types text[],
  recorded_at timestamp with time zone not null default clock_timestamp(),
  disabled_at timestamp with time zone,
  disabled_because text,
  warned_at timestamp with time zone,
  replay_after bigint,
  replay_to bigint,
  replay_failed_only boolean,
  removed_at timestamp with time zone,
  PRIMARY KEY (id),
  FOREIGN KEY (work_provider_id) REFERENCES work_provider(id)
);
CREATE INDEX webhook_endpoint_work_provider ON public.webhook_endpoint USING btree (work_provider_id) WHERE (removed_at IS NULL);

create table webhook_secret (
  id uuid not null,
  endpoint_id uuid not null,
  secret text not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  ends_at timestamp with time zone,
  PRIMARY KEY (id),
  FOREIGN KEY (endpoint_id) REFERENCES webhook_endpoint(id)
);
CREATE INDEX webhook_secret_endpoint ON public.webhook_secret USING btree (endpoint_id);

create table work_provider (
  id uuid not null,
  name text not null,
  name_key text not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  test_of uuid,
  UNIQUE (test_of),
  PRIMARY KEY (id),
  FOREIGN KEY (test_of) REFERENCES work_provider(id),
  CHECK ((test_of <> id))
);
CREATE UNIQUE INDEX work_provider_name ON public.work_provider USING btree (name_key) WHERE (test_of IS NULL);

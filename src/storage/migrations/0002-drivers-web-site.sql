-- What the drivers' pages need. Tables named `driver_...` are better-auth's: it reads and writes them by statements of
-- its own (src/app/driver-accounts.ts says which of its names is which column).

create table driver_account (
  id uuid primary key,
  name text not null,
  email text not null unique,
  email_verified boolean not null,
  image text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table driver_session (
  id uuid primary key,
  account_id uuid not null references driver_account on delete cascade,
  token text not null unique,
  ip_address text,
  user_agent text,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index driver_session_account on driver_session (account_id);
create index driver_session_expiry on driver_session (expires_at);

create table driver_credential (
  id uuid primary key,
  account_id uuid not null references driver_account on delete cascade,
  provider_id text not null,
  provider_account_id text not null,
  password text,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  scope text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index driver_credential_account on driver_credential (account_id);

create table driver_verification (
  id uuid primary key,
  identifier text not null,
  value text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index driver_verification_identifier on driver_verification (identifier);
create index driver_verification_expiry on driver_verification (expires_at);

create table driver_rate_limit (
  id uuid primary key,
  key text not null unique,
  count integer not null,
  last_request bigint not null
);

-- Random keys that the processes of one database share, where none is given by configuration.
create table shared_secret (
  name text primary key,
  secret text not null,
  recorded_at timestamptz not null default clock_timestamp()
);

-- The account that a customer logs in with. Closing it leaves the customer: the record of who was insured is kept.
alter table customer add column phone text;
alter table customer add column account_id uuid unique references driver_account on delete set null;

-- Documents that are agreed to: the insurer's own (`account`), and what sharing with a work provider means (`link`;
-- without a work provider: the standard one, for those who have none of their own). Only ever added to.
create table terms (
  id uuid primary key,
  about text not null check (about in ('account', 'link')),
  work_provider_id uuid references work_provider check (about = 'link' or work_provider_id is null),
  version text not null,
  title text not null,
  body text not null,
  hash bytea not null,
  recorded_at timestamptz not null default clock_timestamp(),
  unique nulls not distinct (about, work_provider_id, version)
);

create table terms_agreement (
  customer_number text not null references customer,
  terms_id uuid not null references terms,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (customer_number, terms_id)
);

-- What a driver's consent was given to. Null where staff recorded it.
alter table consent add column terms_id uuid references terms;
alter table consent add column fields text[];
alter table consent add column came_by text not null default 'staff'
  check (came_by in ('staff', 'link', 'signed link', 'match', 'home', 'mail'));

-- Secrets that a work provider signs links with; two may be live. Kept as they are: a signature is checked with them.
create table link_secret (
  id uuid primary key,
  work_provider_id uuid not null references work_provider,
  secret text not null,
  recorded_at timestamptz not null default clock_timestamp(),
  revoked_at timestamptz
);
create index link_secret_work_provider on link_secret (work_provider_id);

-- What a link of a work provider claims, until the driver decides: the claim of whoever wrote the link.
create table link_intent (
  id uuid primary key,
  work_provider_id uuid not null references work_provider,
  user_id text,
  email text,
  came_by text not null check (came_by in ('link', 'signed link', 'match', 'home')),
  -- SHA-256 of the cookie of the browser that opened it; the account that took it up since, if one did.
  browser bytea,
  account_id uuid references driver_account on delete cascade,
  outcome text check (outcome in ('linked', 'declined', 'conflict')),
  expires_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp()
);
create index link_intent_expiry on link_intent (expires_at);

-- A customer claimed a user id that another customer holds: one case for each, for staff.
create table link_conflict (
  work_provider_id uuid not null references work_provider,
  user_id text not null,
  customer_number text not null references customer,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (work_provider_id, user_id, customer_number)
);

-- The hour in which a work provider was last told the status of a link's customer.
create table link_asked (
  link_id bigint primary key references link,
  hour timestamptz not null
);

-- Mails to send. What was sent by SMTP loses its body: it can hold a link that is as good as a password.
create table outbox (
  id uuid primary key,
  to_address text not null,
  subject text not null,
  body text not null,
  kind text not null,
  attempts integer not null default 0,
  next_try_at timestamptz not null default clock_timestamp(),
  sent_at timestamptz,
  -- Given up on: it is kept, with the error, and not tried again.
  failed_at timestamptz,
  last_error text,
  recorded_at timestamptz not null default clock_timestamp()
);
create index outbox_to_send on outbox (next_try_at) where sent_at is null and failed_at is null;
create index outbox_age on outbox (recorded_at);

-- One-time links in mails: what they stand for, under SHA-256 of their token.
create table mail_link (
  hash bytea primary key,
  purpose text not null check (purpose in ('sign up', 'reset password', 'change e-mail', 'undo consent')),
  data jsonb not null,
  expires_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp()
);
create index mail_link_expiry on mail_link (expires_at);
create index mail_link_account on mail_link ((data ->> 'accountId')) where purpose = 'change e-mail';
create index mail_link_email on mail_link (lower(data ->> 'email')) where purpose in ('sign up', 'reset password');

-- A customer's no to a work provider's word that it recognises them.
create table match_decline (
  work_provider_id uuid not null references work_provider,
  customer_number text not null references customer,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (customer_number, work_provider_id)
);

-- What a driver was told of a link, so that it is not told again too soon.
create table notice (
  work_provider_id uuid not null,
  customer_number text not null,
  kind text not null check (kind in ('no cover', 'cap', 'match')),
  -- The start of the shift that it is about; of a match, the instant of the notice.
  about timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (customer_number, work_provider_id, kind, about)
);
create index notice_age on notice (recorded_at);

-- Attempts of outsiders (log in, mails, links), counted over a stretch of time. `what` is what distinct ones are told
-- apart by. Hashes, since e-mail addresses are among them.
create table attempt (
  scope text not null,
  key bytea not null,
  what bytea not null,
  at timestamptz not null,
  primary key (scope, key, what)
);
create index attempt_age on attempt (at);

-- Shifts on which somebody may be now, or that ended by their cap not long ago.
create index shift_without_logout on shift (cap_at) where ended_at is null;
create index match_received on match (received_at) where success;

insert into terms (id, about, version, title, body, hash)
select gen_random_uuid(), about, '1', title, body, sha256(convert_to(title || E'\n' || body, 'UTF8'))
from (values
  ('account', 'Terms of your account', $$These terms are between you and the insurer.

You are insured only while you work. A company that gives you work (a work provider) tells us when you start and when you stop. You are insured from start to stop if you linked that company to your account, and if you have a policy that is valid at the time.

We keep the record of when you were insured. A claim is settled by that record, so it is kept even if you close your account, for as long as the law asks.

You can see the record at any time, and take a copy of it. If a time is wrong, tell us: nothing is deleted, but a wrong report can be set aside.

You can stop sharing with a work provider at any time. From then on, you are not insured while you work for it.

Keep your password to yourself. We never ask for it by mail or telephone.$$),
  ('link', 'Sharing with a work provider', $$These terms are about what we exchange with the work provider that is named on the page where you agree.

It tells us when you start and stop work. We use that to work out when you are insured.

We tell it, when it asks: your customer number, whether you are insured for working for it, the class of use and the level of your cover, and the registration of the vehicle if your policy names one. Nothing else.

You can stop at any time, in your account. From that moment it is told nothing about you, and you are not insured while you work for it.

What was reported before is kept: it is the record by which a claim is settled.$$)
) as standard (about, title, body);

-- The desk: people who were invited, staff of the insurer and of work providers. Tables named `desk_...` with accounts,
-- sessions and second factors are better-auth's (src/app/desk-accounts.ts says which of its names is which column).

create table desk_account (
  id uuid primary key,
  name text not null,
  email text not null unique,
  email_verified boolean not null,
  image text,
  role text not null check (role in ('viewer', 'operator', 'admin', 'work provider')),
  -- Whose person it is; null for staff of the insurer.
  work_provider_id uuid references work_provider,
  two_factor_enabled boolean not null default false,
  disabled_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check ((role = 'work provider') = (work_provider_id is not null))
);
create index desk_account_work_provider on desk_account (work_provider_id) where work_provider_id is not null;

create table desk_session (
  id uuid primary key,
  account_id uuid not null references desk_account on delete cascade,
  token text not null unique,
  ip_address text,
  user_agent text,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index desk_session_account on desk_session (account_id);
create index desk_session_expiry on desk_session (expires_at);

create table desk_credential (
  id uuid primary key,
  account_id uuid not null references desk_account on delete cascade,
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
create index desk_credential_account on desk_credential (account_id);

create table desk_verification (
  id uuid primary key,
  identifier text not null,
  value text not null,
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index desk_verification_identifier on desk_verification (identifier);
create index desk_verification_expiry on desk_verification (expires_at);

create table desk_rate_limit (
  id uuid primary key,
  key text not null unique,
  count integer not null,
  last_request bigint not null
);

-- Secret and backup codes are encrypted with the secret that signs cookies, which is not in the database.
create table desk_second_factor (
  id uuid primary key,
  account_id uuid not null unique references desk_account on delete cascade,
  secret text not null,
  backup_codes text not null,
  verified boolean not null default false,
  failed_verification_count integer not null default 0,
  locked_until timestamptz
);

alter table audit drop constraint audit_actor_kind_check;
alter table audit add check (actor_kind in ('operator', 'driver', 'program', 'staff', 'work provider'));

create index audit_actor on audit (actor_name, seq);

alter table mail_link drop constraint mail_link_purpose_check;
alter table mail_link add check (
  purpose in ('sign up', 'reset password', 'change e-mail', 'undo consent', 'invitation', 'reset desk password')
);
create index mail_link_desk on mail_link (lower(data ->> 'email'))
  where purpose in ('invitation', 'reset desk password');

-- The work list: a row from when something became a case until it is settled, kept by whoever does the one or the other
-- (docs/decisions/0019). `about` is the identity, or the customer number that a match named; `claimant` is who claims a
-- user id. `happened_at`: the last word or claim; reports of a parked identity do not move it.
create table reconciliation_case (
  kind text not null check (kind in (
    'parked user id', 'parked customer number', 'failed match', 'unknown customer number', 'waiting for consent',
    'conflicting claim'
  )),
  work_provider_id uuid not null references work_provider,
  about text not null,
  claimant text not null default '',
  since timestamptz not null default clock_timestamp(),
  happened_at timestamptz not null default clock_timestamp(),
  is_done boolean not null default false,
  primary key (work_provider_id, kind, about, claimant)
);
create index reconciliation_case_by_kind
  on reconciliation_case (kind, is_done, since, work_provider_id, about, claimant);
create index reconciliation_case_by_work_provider
  on reconciliation_case (work_provider_id, kind, is_done, since, about, claimant);

-- What staff said of a case, named as in the work list; it stays when the case is settled.
create table case_word (
  seq bigint generated always as identity primary key,
  kind text not null,
  work_provider_id uuid not null references work_provider,
  about text not null,
  claimant text not null default '',
  word text not null check (word in ('note', 'done', 'undone')),
  note text not null default '',
  by_whom text not null,
  recorded_at timestamptz not null default clock_timestamp()
);
create index case_word_case on case_word (work_provider_id, kind, about, claimant, seq);

-- What is a case already.
insert into reconciliation_case (kind, work_provider_id, about, since, happened_at)
select case i.kind when 'user_id' then 'parked user id' else 'parked customer number' end, i.work_provider_id,
  i.identity, e.since, e.since
from identity i
cross join lateral (
  select coalesce(bool_or(r.binding_id is null), false) as is_held,
    coalesce(max(greatest(r.effective_at, b.held_from)), '-infinity') as free_from
  from binding b left join release r on r.binding_id = b.id
  where b.work_provider_id = i.work_provider_id and b.identity_kind = i.kind and b.identity = i.identity
) b
cross join lateral (
  select min(received_at) as since from event e
  where not b.is_held and e.slice = i.slice and e.work_provider_id = i.work_provider_id
    and e.identity_kind = i.kind and e.identity = i.identity and e.at >= b.free_from
) e
where e.since is not null;

insert into reconciliation_case (kind, work_provider_id, about, since, happened_at)
select case when not m.success then 'failed match'
    when not exists (select from customer c where c.customer_number = m.customer_number) then 'unknown customer number'
    else 'waiting for consent' end,
  m.work_provider_id, m.customer_number, m.received_at, m.received_at
from (
  select distinct on (work_provider_id, customer_number) * from match
  order by work_provider_id, customer_number, received_at desc, request_id desc
) m
where not m.success or not (
  exists (
    select from link l join consent c on c.link_id = l.id
    where l.work_provider_id = m.work_provider_id and l.customer_number = m.customer_number
  )
  or exists (
    select from match_decline d
    where d.work_provider_id = m.work_provider_id and d.customer_number = m.customer_number
  )
);

insert into reconciliation_case (kind, work_provider_id, about, claimant, since, happened_at)
select 'conflicting claim', c.work_provider_id, c.user_id, c.customer_number, c.recorded_at, c.recorded_at
from link_conflict c
where exists (
  select from binding b join link l on l.id = b.link_id
  where b.work_provider_id = c.work_provider_id and b.identity_kind = 'user_id' and b.identity = c.user_id
    and l.customer_number <> c.customer_number and not exists (select from release r where r.binding_id = b.id)
);

-- Logouts that were told of before they were to happen: few, and who is on shift until one of them is found by it.
create index event_ahead on event (at) where kind = 'logout' and at > received_at;

-- By what staff search.
create index customer_name_words on customer using gin (to_tsvector('simple'::regconfig, coalesce(name, '')));
create index customer_email_prefix on customer (email_key text_pattern_ops);
create index policy_vehicle on policy (upper(replace(vehicle_registration, ' ', '')))
  where vehicle_registration is not null;

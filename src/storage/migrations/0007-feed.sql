-- What a work provider is told of: a numbered feed, and webhooks that bring it.

-- A work provider has a feed from when it first asks for it on.
alter table setting drop constraint setting_name_check;
alter table setting add constraint setting_name_check check (name in ('cap', 'link_requires', 'feed'));

-- Written in the transaction that gives reason for it, and numbered after that committed: so that nobody who read up to a
-- number ever misses a smaller one. Kept for a while only (app/feed.ts); what it tells of is in the facts.
create table feed_entry (
  id uuid primary key default gen_random_uuid(),
  work_provider_id uuid not null references work_provider,
  seq bigint generated always as identity,
  number bigint,
  type text not null check (type in ('customer.signed_up', 'link.created', 'link.withdrawn', 'match.needed',
    'policy.status_changed', 'shift.opened', 'shift.closed', 'report.parked')),
  customer_number text,
  data json not null,
  recorded_at timestamptz not null default clock_timestamp()
);
create unique index feed_entry_number on feed_entry (work_provider_id, number) where number is not null;
create index feed_entry_to_number on feed_entry (seq) where number is null;
create index feed_entry_age on feed_entry (recorded_at);
-- To take a person's addresses out of it.
create index feed_entry_signed_up on feed_entry (customer_number) where type = 'customer.signed_up';

create table feed (
  work_provider_id uuid primary key references work_provider,
  last_number bigint not null
);

-- Up to when the feed was told of shifts that ended by their cap: one row.
create table feed_caps (
  told_to timestamptz not null
);
insert into feed_caps (told_to) values (clock_timestamp());

-- When the status of a customer may have changed, or will: said by whoever keeps a fact that decides it.
create table status_due (
  customer_number text not null,
  due_at timestamptz not null,
  primary key (customer_number, due_at)
);
create index status_due_next on status_due (due_at);
insert into status_due (customer_number, due_at)
select distinct customer_number, due_at
from (
  select customer_number, valid_from from policy
  union all
  select customer_number, valid_to from policy
  union all
  select p.customer_number, c.effective_at from policy_cancellation c join policy p on p.id = c.policy_id
) moments (customer_number, due_at)
where due_at > clock_timestamp();

-- Shifts of a link that changed when its work provider could not be told: from which on. They are told when it can be.
create table shift_untold (
  link_id bigint primary key references link,
  since timestamptz not null
);

-- The status that a work provider was last told of; no row: none since the link is active.
create table status_told (
  link_id bigint primary key references link,
  status text not null check (status in ('ENABLED', 'DISABLED'))
);

create table webhook_endpoint (
  id uuid primary key,
  work_provider_id uuid not null references work_provider,
  url text not null,
  -- Of which types it is told; null: of all.
  types text[],
  recorded_at timestamptz not null default clock_timestamp(),
  disabled_at timestamptz,
  disabled_because text,
  -- When its people were last told that something does not arrive.
  warned_at timestamptz,
  -- What is to be sent again, tried before or not: after this number (null: nothing is), up to that one.
  replay_after bigint,
  replay_to bigint,
  replay_failed_only boolean,
  removed_at timestamptz
);
create index webhook_endpoint_work_provider on webhook_endpoint (work_provider_id) where removed_at is null;

create table webhook_secret (
  id uuid primary key,
  endpoint_id uuid not null references webhook_endpoint,
  secret text not null,
  recorded_at timestamptz not null default clock_timestamp(),
  -- Until when what is sent is signed with it too; null: until there is a newer one.
  ends_at timestamptz
);
create index webhook_secret_endpoint on webhook_secret (endpoint_id);

create table webhook_delivery (
  entry_id uuid not null references feed_entry on delete cascade,
  endpoint_id uuid not null references webhook_endpoint,
  number bigint not null,
  state text not null default 'waiting' check (state in ('waiting', 'delivered', 'failed', 'dropped')),
  -- Since it last began to wait.
  attempts int not null default 0,
  next_try_at timestamptz not null default clock_timestamp(),
  -- Each try, the oldest first: when (microseconds), what status was answered (null: none), and a note.
  tries jsonb not null default '[]',
  primary key (entry_id, endpoint_id)
);
create index webhook_delivery_due on webhook_delivery (endpoint_id, next_try_at) where state = 'waiting';
create index webhook_delivery_log on webhook_delivery (endpoint_id, number);
create index webhook_delivery_state on webhook_delivery (endpoint_id, state, number);

-- How work providers use the API, and how good the data is that they send.

create table key_use (
  key_id uuid primary key references api_key,
  last_used_at timestamptz not null
);

create table deprecated_use (
  work_provider_id uuid not null references work_provider,
  day date not null,
  field text not null check (field in ('policyId', 'driverId')),
  requests bigint not null,
  primary key (work_provider_id, day, field)
);

-- A day (of UTC) of a work provider's reports, by when they came. Worked out from the reports: it can be dropped and made
-- again. The lags add up to the reports that are no duplicates, and so do the outcomes.
create table quality_day (
  work_provider_id uuid not null references work_provider,
  day date not null,
  counted_at timestamptz not null,
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
  -- Of those that opened a shift: it ended by its cap.
  capped bigint not null,
  first_received_at timestamptz,
  last_received_at timestamptz,
  -- The longest time between two reports of the day.
  longest_gap_us bigint not null,
  primary key (work_provider_id, day)
);

-- Which process does something that one at a time is enough for.
create table lease (
  name text primary key,
  holder uuid not null,
  held_until timestamptz not null
);

create index match_work_provider on match (work_provider_id, request_id);

-- The newest of a work provider are read straight from the index.
create index api_key_newest on api_key (work_provider_id, recorded_at);
drop index api_key_work_provider;
create index refusal_newest on refusal (work_provider_id, at, request_id);
drop index refusal_work_provider;
create index refusal_count_work_provider on refusal_count (work_provider_id, day);

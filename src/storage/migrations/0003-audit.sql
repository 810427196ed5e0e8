-- Who did what, and when: added to, and nothing else. It names customers by number and people by no more than that, so
-- that nothing in it has to go when a person is erased.
create table audit (
  seq bigint generated always as identity primary key,
  recorded_at timestamptz not null default clock_timestamp(),
  actor_kind text not null check (actor_kind in ('operator', 'driver', 'program')),
  actor_name text not null,
  action text not null,
  subject text,
  customer_number text,
  work_provider_id uuid references work_provider,
  details jsonb not null default '{}'
);
create index audit_customer on audit (customer_number, seq) where customer_number is not null;
create index audit_work_provider on audit (work_provider_id, seq) where work_provider_id is not null;

-- A slip of the hand is refused; whoever owns the database can still take the trigger away.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the table % is only ever added to', tg_table_name;
end
$$;
create trigger audit_is_kept before update or delete or truncate on audit
  for each statement execute function refuse_change();

-- An erased customer keeps number, policies and record; name, telephone and addresses are gone.
alter table customer add column erased_at timestamptz;

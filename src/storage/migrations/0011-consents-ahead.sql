-- Consents that were recorded before the moment from which they hold: told when that comes, each once and in order.
create table consent_ahead (
  link_id bigint not null references link,
  effective_at timestamptz not null,
  primary key (link_id, effective_at)
);
insert into consent_ahead (link_id, effective_at)
select distinct link_id, effective_at from consent where effective_at > clock_timestamp();

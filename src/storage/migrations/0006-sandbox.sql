-- The sandbox: the test twin of a work provider, and the customers that only test keys see (docs/decisions/0023).

-- Of a twin, the work provider that it is for. It has at most one.
alter table work_provider add column test_of uuid unique references work_provider check (test_of <> id);

-- A twin is found by whose it is: its name takes none away, and nobody finds it by that.
alter table work_provider drop constraint work_provider_name_key_key;
create unique index work_provider_name on work_provider (name_key) where test_of is null;

alter table customer add column is_test boolean not null default false;

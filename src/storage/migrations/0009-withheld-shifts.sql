-- Shifts that changed when their work provider could not be told, each with what it was told of it last (nothing, where
-- `is_told` is not). They are told when it can be; a change of one holds up no other.
create table shift_withheld (
  link_id bigint not null references link,
  started_at timestamptz not null,
  is_told boolean not null,
  -- Of one that was told: as ended then, and by what; both null of one that was open.
  told_ended_at timestamptz,
  told_end_reason text check (told_end_reason in ('logout', 'cap')),
  primary key (link_id, started_at)
);
insert into shift_withheld (link_id, started_at, is_told)
select u.link_id, s.started_at, false
from shift_untold u join shift s on s.link_id = u.link_id and s.started_at >= u.since;
drop table shift_untold;

-- Shifts without logout are read in pieces, in this order: by the instant alone every piece sorted all of them.
drop index shift_without_logout;
create index shift_without_logout on shift (cap_at, link_id) where ended_at is null;

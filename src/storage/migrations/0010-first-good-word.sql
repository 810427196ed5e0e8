-- The first good word of a work provider on a customer number is what counts: it is found among any number of bad ones.
create index match_good on match (customer_number, work_provider_id, received_at) where success;

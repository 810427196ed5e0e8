/**
 * The statement of the limits that derive: the oldest reports are taken out of `least_inbox`, kept in `least_report`, and added to
 * `least_event`, as the program does it.
 */
export function claim(reports: number): string {
  return `with taken as (
      select ctid as place from least_inbox order by work_provider_id, request_id, item limit ${reports}
      for update skip locked
    ),
    claimed as (delete from least_inbox where ctid = any(array(select place from taken)) returning *),
    kept as (
      insert into least_report
        (slice, work_provider_id, request_id, item, identity_kind, identity, kind, at, received_at)
      select slice, work_provider_id, request_id, item, identity_kind, identity, kind, at, received_at from claimed
    )
    insert into least_event
      (slice, work_provider_id, identity_kind, identity, at, kind, received_at, request_id, item)
    select slice, work_provider_id, identity_kind, identity, at, kind, received_at, request_id, item from claimed
    on conflict do nothing`
}

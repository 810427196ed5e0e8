import { sql } from 'kysely'
import type { Database } from '../../src/storage/database.ts'
import type { Identity, World } from '../oracle/facts.ts'

/**
 * The facts of a store as the oracle takes them, read by plain statements of the test's own: what the program makes of
 * the same tables is what is tested.
 */
export async function worldOfStore(db: Database): Promise<World> {
  const us = (column: string) => sql<number>`(extract(epoch from ${sql.raw(column)}) * 1000000)::bigint`
  const all = async <T>(query: ReturnType<typeof sql<T>>): Promise<T[]> => (await query.execute(db)).rows
  const identity = (row: { identity_kind: Identity['kind']; identity: string }): Identity => ({
    kind: row.identity_kind,
    text: row.identity,
  })
  type Told = {
    workProvider: string
    identity_kind: Identity['kind']
    identity: string
    kind: 'login' | 'logout'
    at: number
  }

  const workProviders = await all(sql<{ id: string; name: string }>`select id, name from work_provider`)
  const settings = await all(sql<{
    work_provider_id: string
    seq: number
    name: string
    value: string
    effectiveAt: number
    recordedAt: number
  }>`
    select *, ${us('effective_at')} as "effectiveAt", ${us('recorded_at')} as "recordedAt" from setting`)
  return {
    workProviders: workProviders.map(({ id, name }) => ({
      name,
      settings: settings
        .filter((one) => one.work_provider_id === id)
        .map(
          ({ seq, name: setting, value, effectiveAt, recordedAt }) =>
            ({
              seq,
              name: setting,
              value: setting === 'cap' ? Number(value) : value,
              effectiveAt,
              recordedAt,
            }) as World['workProviders'][number]['settings'][number],
        ),
    })),
    links: await all(sql<World['links'][number]>`
      select l.id::text as id, w.name as "workProvider", l.customer_number as "customerNumber", ${us('l.recorded_at')} as "recordedAt"
      from link l join work_provider w on w.id = l.work_provider_id`),
    bindings: await all(sql<World['bindings'][number]>`
      select b.id, w.name as "workProvider", b.identity as "userId", b.link_id::text as "linkId", ${us('b.recorded_at')} as "recordedAt"
      from binding b join work_provider w on w.id = b.work_provider_id where b.identity_kind = 'user_id' order by b.id`),
    releases: await all(sql<World['releases'][number]>`
      select binding_id as "bindingId", ${us('effective_at')} as "effectiveAt", ${us('recorded_at')} as "recordedAt" from release`),
    consents: await all(sql<World['consents'][number]>`
      select seq, link_id::text as "linkId", given, signed, ${us('effective_at')} as "effectiveAt", ${us('recorded_at')} as "recordedAt" from consent`),
    matches: await all(sql<World['matches'][number]>`
      select w.name as "workProvider", m.customer_number as "customerNumber", m.success, ${us('m.received_at')} as at
      from match m join work_provider w on w.id = m.work_provider_id`),
    policies: await all(sql<World['policies'][number]>`
      select p.id::text as id, p.customer_number as "customerNumber", w.name as "workProvider", p.class_of_use as "classOfUse",
        p.cover_level as "coverLevel", p.vehicle_registration as vehicle, ${us('p.valid_from')} as "from", ${us('p.valid_to')} as "to",
        ${us('p.recorded_at')} as "recordedAt"
      from policy p left join work_provider w on w.id = p.work_provider_id`),
    cancellations: await all(sql<World['cancellations'][number]>`
      select policy_id::text as "policyId", ${us('effective_at')} as "effectiveAt", ${us('recorded_at')} as "recordedAt" from policy_cancellation`),
    reports: (
      await all(sql<Told & { receivedAt: number }>`
        select w.name as "workProvider", r.identity_kind, r.identity, r.kind, ${us('r.at')} as at, ${us('r.received_at')} as "receivedAt"
        from (
          select work_provider_id, identity_kind, identity, kind, at, received_at from report
          union all
          select work_provider_id, identity_kind, identity, kind, at, received_at from inbox
        ) r join work_provider w on w.id = r.work_provider_id`)
    ).map((row) => ({
      workProvider: row.workProvider,
      identity: identity(row),
      kind: row.kind,
      at: row.at,
      receivedAt: row.receivedAt,
    })),
    annulments: (
      await all(sql<Told & { seq: number; annulled: boolean; recordedAt: number }>`
        select a.seq, w.name as "workProvider", a.identity_kind, a.identity, a.kind, ${us('a.at')} as at, a.annulled,
          ${us('a.recorded_at')} as "recordedAt"
        from annulment a join work_provider w on w.id = a.work_provider_id`)
    ).map((row) => ({
      seq: row.seq,
      workProvider: row.workProvider,
      identity: identity(row),
      kind: row.kind,
      at: row.at,
      annulled: row.annulled,
      recordedAt: row.recordedAt,
    })),
  }
}

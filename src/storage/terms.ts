import { sql } from 'kysely'
import type { Terms, TermsAbout } from '../domain/terms.ts'
import type { Database } from './database.ts'
import { microseconds } from './sql.ts'

const COLUMNS = sql`
  id, about, work_provider_id as "workProviderId", version, title, body, encode(hash, 'hex') as hash,
  ${microseconds('recorded_at')} as "recordedAt"
`

export type NewTerms = Omit<Terms, 'hash' | 'recordedAt'> & { readonly hash: Buffer }

export async function insertTerms(db: Database, terms: NewTerms): Promise<void> {
  await sql`
    insert into terms (id, about, work_provider_id, version, title, body, hash)
    values (${terms.id}, ${terms.about}, ${terms.workProviderId}, ${terms.version}, ${terms.title}, ${terms.body},
      ${terms.hash})
  `.execute(db)
}

export async function findTerms(db: Database, id: string): Promise<Terms | null> {
  const { rows } = await sql<Terms>`select ${COLUMNS} from terms where id = ${id}`.execute(db)
  return rows[0] ?? null
}

/** The newest terms; about sharing, those of the work provider itself where it has some, else the standard ones. */
export async function currentTerms(db: Database, about: TermsAbout, workProviderId: string | null): Promise<Terms> {
  const { rows } = await sql<Terms>`
    select ${COLUMNS} from terms
    where about = ${about} and (work_provider_id = ${workProviderId}::uuid or work_provider_id is null)
    order by work_provider_id is null, recorded_at desc, id desc limit 1
  `.execute(db)
  return rows[0]!
}

export async function listTerms(db: Database): Promise<(Terms & { workProvider: string | null })[]> {
  const { rows } = await sql<Terms & { workProvider: string | null }>`
    select t.id, about, work_provider_id as "workProviderId", w.name as "workProvider", version, title, body,
      encode(hash, 'hex') as hash, ${microseconds('t.recorded_at')} as "recordedAt"
    from terms t left join work_provider w on w.id = t.work_provider_id
    order by about, w.name nulls first, t.recorded_at
  `.execute(db)
  return rows
}

/** That a customer agreed to terms; the first time counts. */
export async function insertAgreement(db: Database, customerNumber: string, termsId: string): Promise<void> {
  await sql`
    insert into terms_agreement (customer_number, terms_id) values (${customerNumber}, ${termsId}) on conflict do nothing
  `.execute(db)
}

export type Agreement = Pick<Terms, 'title' | 'version' | 'hash'> & { readonly agreedAt: Terms['recordedAt'] }

export async function agreementsOf(db: Database, customerNumber: string): Promise<Agreement[]> {
  const { rows } = await sql<Agreement>`
    select t.title, t.version, encode(t.hash, 'hex') as hash, ${microseconds('a.recorded_at')} as "agreedAt"
    from terms_agreement a join terms t on t.id = a.terms_id
    where a.customer_number = ${customerNumber} order by a.recorded_at
  `.execute(db)
  return rows
}

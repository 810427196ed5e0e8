import { sql } from 'kysely'
import { emailKey } from '../domain/customer.ts'
import type { DeskRole } from '../domain/desk.ts'
import type { Instant } from '../domain/instant.ts'
import type { Database } from './database.ts'
import { microseconds, microsecondsOrNull } from './sql.ts'

/* The tables are better-auth's; here is only what it has no call for. */

/** Somebody of the desk, as those who look after it see them. */
export type DeskPerson = {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly role: DeskRole
  readonly workProviderId: string | null
  readonly workProvider: string | null
  readonly hasSecondFactor: boolean
  readonly joinedAt: Instant
  readonly disabledAt: Instant | null
}

/** All of the desk, or (`workProviderId`) the people of one work provider. */
export function listDeskPeople(db: Database, workProviderId: string | null = null): Promise<DeskPerson[]> {
  return select(db, workProviderId === null ? sql`true` : sql`d.work_provider_id = ${workProviderId}`)
}

export async function findDeskPerson(db: Database, email: string): Promise<DeskPerson | null> {
  return (await select(db, sql`d.email = ${emailKey(email)}`))[0] ?? null
}

export async function findDeskPersonById(db: Database, id: string): Promise<DeskPerson | null> {
  return (await select(db, sql`d.id = ${id}`))[0] ?? null
}

async function select(db: Database, where: ReturnType<typeof sql>): Promise<DeskPerson[]> {
  const { rows } = await sql<DeskPerson>`
    select d.id, d.email, d.name, d.role, d.work_provider_id as "workProviderId", w.name as "workProvider",
      d.two_factor_enabled as "hasSecondFactor", ${microseconds('d.created_at')} as "joinedAt",
      ${microsecondsOrNull('d.disabled_at')} as "disabledAt"
    from desk_account d left join work_provider w on w.id = d.work_provider_id
    where ${where} order by w.name nulls first, d.email
  `.execute(db)
  return rows
}

export async function setRole(db: Database, id: string, role: DeskRole): Promise<void> {
  await sql`update desk_account set role = ${role}, updated_at = clock_timestamp() where id = ${id}`.execute(db)
}

export async function setDisabled(db: Database, id: string, isDisabled: boolean): Promise<void> {
  await sql`
    update desk_account set disabled_at = ${isDisabled ? sql`clock_timestamp()` : sql`null`},
      updated_at = clock_timestamp()
    where id = ${id}
  `.execute(db)
}

/** Every browser is logged out, and a login half done is not finished. */
export async function endDeskSessions(db: Database, id: string): Promise<void> {
  await sql`delete from desk_session where account_id = ${id}`.execute(db)
  await sql`delete from desk_verification where value = ${id}`.execute(db)
}

export async function removeSecondFactor(db: Database, id: string): Promise<void> {
  await sql`delete from desk_second_factor where account_id = ${id}`.execute(db)
  await sql`
    update desk_account set two_factor_enabled = false, updated_at = clock_timestamp() where id = ${id}
  `.execute(db)
}

// Worlds for the hand-worked examples: hours of one day, the shortest way to write each fact and to read an answer.

import type { Identity, Question, World } from './facts.ts'
import { oracleAnomalies, oracleShifts } from './oracle.ts'

export const HOUR = 3_600_000_000

// 1 June 2026, 00:00 UTC; h(9.5) is half past nine that day, h(33) is nine the day after.
const DAY = at('2026-06-01T00:00Z')
export const h = (hour: number): number => DAY + hour * HOUR
export const hour = (instant: number): number => (instant - DAY) / HOUR

export function at(text: string): number {
  return Number(Temporal.Instant.from(text).epochNanoseconds / 1000n)
}

export const number = (text: string): Identity => ({ kind: 'customer_number', text })
export const userId = (text: string): Identity => ({ kind: 'user_id', text })

// Customer C1 is linked to Ace (link L1); nothing else is so.
export function given(facts: Partial<World> = {}): World {
  return {
    workProviders: [
      { name: 'Ace', settings: [] },
      { name: 'Bolt', settings: [] },
    ],
    links: [link('L1', 'Ace', 'C1')],
    bindings: [],
    releases: [],
    consents: [],
    matches: [],
    policies: [],
    cancellations: [],
    reports: [],
    annulments: [],
    ...facts,
  }
}

export const link = (id: string, workProvider: string, customerNumber: string): World['links'][number] => ({
  id,
  workProvider,
  customerNumber,
  recordedAt: h(-100),
})

type Told = { by?: Identity; to?: string; receivedAt?: number }

const report =
  (kind: 'login' | 'logout') =>
  (hour: number, told: Told = {}): World['reports'][number] => ({
    workProvider: told.to ?? 'Ace',
    identity: told.by ?? number('C1'),
    kind,
    at: h(hour),
    receivedAt: told.receivedAt ?? h(hour),
  })
export const login = report('login')
export const logout = report('logout')

export const settings = (...ace: World['workProviders'][number]['settings']): World['workProviders'] => [
  { name: 'Ace', settings: ace },
]

export const consent = (
  seq: number,
  hour: number,
  given: boolean,
  more: { signed?: boolean; linkId?: string; recordedAt?: number } = {},
): World['consents'][number] => ({
  seq,
  linkId: more.linkId ?? 'L1',
  given,
  signed: more.signed ?? false,
  effectiveAt: h(hour),
  recordedAt: more.recordedAt ?? h(hour),
})

export const policy = (
  from: number,
  to: number | null,
  more: Partial<World['policies'][number]> = {},
): World['policies'][number] => ({
  id: 'P1',
  customerNumber: 'C1',
  workProvider: null,
  classOfUse: 'FOOD',
  coverLevel: 'TP',
  vehicle: null,
  from: h(from),
  to: to === null ? null : h(to),
  recordedAt: h(-100),
  ...more,
})

export const later: Question = { now: h(100) }

// [start, end, why it ended] in hours
export function shifts(world: World, question = later, customer = 'C1') {
  return oracleShifts(world, customer, question).map((s) => [
    hour(s.startedAt),
    s.endedAt === null ? null : hour(s.endedAt),
    s.endReason,
  ])
}

export function anomalies(world: World, question = later, customer = 'C1') {
  return oracleAnomalies(world, customer, question).map((a) => [hour(a.at), a.kind])
}

export const told = (...reports: World['reports']): World => given({ reports })

// A second, naive reading of product.md, to compare the engine with. It shares nothing with the engine,
// and prefers what can be checked by eye over what is fast. Rule numbers are those of "From events to shifts".

import type {
  Identity,
  Interval,
  OracleAnomaly,
  OracleCover,
  OracleShift,
  OracleUsage,
  Question,
  SettingFact,
  World,
} from './facts.ts'

type Link = World['links'][number]
type Report = World['reports'][number]
type Moment = { at: number; login: boolean; logout: boolean }
type Asked = { world: World; n: number }

const DEFAULT_CAP = 14 * 60 * 60 * 1_000_000
const MINUTE = 60_000_000

const compare = <T extends number | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)
const inside = (intervals: Interval[], t: number): boolean => intervals.some((i) => i.from <= t && t < i.to)
const ascending = (instants: number[]): number[] => [...new Set(instants)].sort((a, b) => a - b)

// Two clocks

export function knownAt(world: World, t: number): World {
  const recorded = <F extends { recordedAt: number }>(facts: F[]): F[] => facts.filter((f) => f.recordedAt <= t)
  return {
    workProviders: world.workProviders.map((w) => ({ name: w.name, settings: recorded(w.settings) })),
    links: recorded(world.links),
    bindings: recorded(world.bindings),
    releases: recorded(world.releases),
    consents: recorded(world.consents),
    matches: world.matches.filter((m) => m.at <= t),
    policies: recorded(world.policies),
    cancellations: recorded(world.cancellations),
    reports: world.reports.filter((r) => r.receivedAt <= t),
    annulments: recorded(world.annulments),
  }
}

function ask(world: World, question: Question): Asked {
  const t = question.asKnownAt
  return t === undefined ? { world, n: question.now } : { world: knownAt(world, t), n: t }
}

// Facts that say something from an instant on: the last one by (effectiveAt, seq) that has begun counts.
function lastWord<F extends { seq: number; effectiveAt: number }>(facts: F[], t: number): F | undefined {
  const begun = facts.filter((f) => f.effectiveAt <= t)
  return begun.sort((a, b) => compare(a.effectiveAt, b.effectiveAt) || compare(a.seq, b.seq)).at(-1)
}

function settingsOf<N extends SettingFact['name']>(world: World, workProvider: string, name: N) {
  const all = world.workProviders.filter((w) => w.name === workProvider).flatMap((w) => w.settings)
  return all.filter((s): s is Extract<SettingFact, { name: N }> => s.name === name)
}

// Streams: the customer number's events and those of the user ids, as far as each was held by this link

function holdings(world: World, workProvider: string, userId: string): (Interval & { linkId: string })[] {
  const bindings = world.bindings.filter((b) => b.workProvider === workProvider && b.userId === userId)
  const held: (Interval & { linkId: string })[] = []
  let from = -Infinity
  for (const binding of bindings.sort((a, b) => compare(a.id, b.id))) {
    const release = world.releases.find((r) => r.bindingId === binding.id)
    const to = release === undefined ? Infinity : Math.max(from, release.effectiveAt)
    held.push({ linkId: binding.linkId, from, to })
    from = to
  }
  return held
}

function belongs(world: World, link: Link, report: Report): boolean {
  if (report.workProvider !== link.workProvider) return false
  if (report.identity.kind === 'customer_number') return report.identity.text === link.customerNumber
  const held = holdings(world, link.workProvider, report.identity.text).filter((h) => h.linkId === link.id)
  return inside(held, report.at)
}

const sameIdentity = (a: Identity, b: Identity): boolean => a.kind === b.kind && a.text === b.text

function isAnnulled(world: World, event: Report): boolean {
  const words = world.annulments.filter(
    (a) =>
      a.workProvider === event.workProvider &&
      sameIdentity(a.identity, event.identity) &&
      a.kind === event.kind &&
      a.at === event.at,
  )
  return words.sort((a, b) => compare(a.seq, b.seq)).at(-1)?.annulled ?? false
}

// Rule 5 is the `r.at <= n`.
function streamOf({ world, n }: Asked, link: Link): Moment[] {
  const events = world.reports.filter((r) => r.at <= n && belongs(world, link, r) && !isAnnulled(world, r))
  return ascending(events.map((e) => e.at)).map((at) => ({
    at,
    login: events.some((e) => e.at === at && e.kind === 'login'),
    logout: events.some((e) => e.at === at && e.kind === 'logout'),
  }))
}

// From events to shifts

function capOf(world: World, workProvider: string, login: number): number {
  return login + (lastWord(settingsOf(world, workProvider, 'cap'), login)?.value ?? DEFAULT_CAP)
}

function walk(asked: Asked, link: Link): { shifts: OracleShift[]; anomalies: OracleAnomaly[] } {
  const workProvider = link.workProvider
  const shifts: OracleShift[] = []
  const anomalies: OracleAnomaly[] = []
  const start = (startedAt: number) => {
    const capAt = capOf(asked.world, workProvider, startedAt)
    shifts.push({ workProvider, startedAt, endedAt: null, capAt, endReason: null })
  }
  const note = (at: number, kind: OracleAnomaly['kind']) => anomalies.push({ workProvider, at, kind })

  for (const { at, login, logout } of streamOf(asked, link)) {
    const last = shifts.at(-1)
    const unclosed = last !== undefined && last.endedAt === null ? last : null
    // Rule 4: a logout at start + cap still finds the shift open, a login at start + cap no longer does.
    const openToLogout = unclosed !== null && at <= unclosed.capAt ? unclosed : null
    const openToLogin = unclosed !== null && at < unclosed.capAt ? unclosed : null

    if (login && logout) {
      // rule 3
      if (openToLogout !== null) {
        openToLogout.endedAt = at
        start(at)
      } else note(at, 'empty')
    } else if (login) {
      // rule 1
      if (openToLogin !== null) note(at, 'repeat')
      else start(at)
    } else {
      // rule 2
      if (openToLogout !== null) openToLogout.endedAt = at
      else note(at, 'orphan')
    }
  }

  for (const shift of shifts) {
    if (shift.endedAt !== null) shift.endReason = 'logout'
    else if (shift.capAt <= asked.n) shift.endReason = 'cap'
  }
  return { shifts, anomalies }
}

const linksOf = (world: World, customerNumber: string): Link[] =>
  world.links.filter((l) => l.customerNumber === customerNumber)

export function oracleShifts(world: World, customerNumber: string, question: Question): OracleShift[] {
  const asked = ask(world, question)
  const shifts = linksOf(asked.world, customerNumber).flatMap((link) => walk(asked, link).shifts)
  return shifts.sort((a, b) => compare(a.startedAt, b.startedAt) || compare(a.workProvider, b.workProvider))
}

// Sorted by instant, then work provider; a stream has at most one anomaly per instant.
export function oracleAnomalies(world: World, customerNumber: string, question: Question): OracleAnomaly[] {
  const asked = ask(world, question)
  const anomalies = linksOf(asked.world, customerNumber).flatMap((link) => walk(asked, link).anomalies)
  return anomalies.sort((a, b) => compare(a.at, b.at) || compare(a.workProvider, b.workProvider))
}

// When a link is active

// A state can only change at one of the `changes`; returns the maximal intervals in which it holds.
function whenever(changes: number[], holds: (t: number) => boolean): Interval[] {
  const found: Interval[] = []
  const instants = ascending(changes)
  instants.forEach((from, i) => {
    if (!holds(from)) return
    const to = instants[i + 1] ?? Infinity
    const last = found.at(-1)
    if (last !== undefined && last.to === from) last.to = to
    else found.push({ from, to })
  })
  return found
}

function consentPeriods(world: World, link: Link): Interval[] {
  const words = world.consents.filter((c) => c.linkId === link.id)
  return whenever(
    words.map((c) => c.effectiveAt),
    (t) => lastWord(words, t)?.given ?? false,
  )
}

function activePeriods({ world, n }: Asked, link: Link): Interval[] {
  const requirements = settingsOf(world, link.workProvider, 'link_requires')
  const signatures = world.consents.filter((c) => c.linkId === link.id && c.given && c.signed)
  const matches = world.matches.filter(
    (m) => m.workProvider === link.workProvider && m.customerNumber === link.customerNumber && m.success,
  )
  const met = (t: number): boolean => {
    const requirement = lastWord(requirements, t)?.value ?? 'nothing'
    if (requirement === 'match') return matches.some((m) => m.at <= t)
    if (requirement === 'signature') return signatures.some((s) => s.effectiveAt <= t)
    return true
  }
  const changes = [
    ...requirements.map((r) => r.effectiveAt),
    ...signatures.map((s) => s.effectiveAt),
    ...matches.map((m) => m.at),
  ]
  return consentPeriods(world, link).flatMap((period) => {
    const tries = ascending([period.from, ...changes]).filter((t) => inside([period], t))
    const from = tries.find(met)
    return from === undefined || from >= n ? [] : [{ from, to: Math.min(period.to, n) }]
  })
}

export function oracleActive(world: World, linkId: string, question: Question): Interval[] {
  const asked = ask(world, question)
  return asked.world.links.filter((l) => l.id === linkId).flatMap((link) => activePeriods(asked, link))
}

// Cover

function validity(world: World, link: Link): Interval[] {
  const good = world.policies.filter(
    (p) =>
      p.customerNumber === link.customerNumber && (p.workProvider === null || p.workProvider === link.workProvider),
  )
  return good.map((p) => {
    const cancelled = world.cancellations.filter((c) => c.policyId === p.id).map((c) => c.effectiveAt)
    return { from: p.from, to: Math.min(p.to ?? Infinity, ...cancelled) }
  })
}

export function oracleCover(world: World, customerNumber: string, question: Question): OracleCover[] {
  const asked = ask(world, question)
  const layers = linksOf(asked.world, customerNumber).map((link) => ({
    workProvider: link.workProvider,
    shifts: walk(asked, link).shifts.map((s) => ({ from: s.startedAt, to: s.endedAt ?? Math.min(s.capAt, asked.n) })),
    active: activePeriods(asked, link),
    policies: validity(asked.world, link),
  }))
  // Nothing changes between two neighbouring edges, so the left end speaks for the whole of each piece.
  const edges = ascending(
    layers.flatMap((l) => [...l.shifts, ...l.active, ...l.policies]).flatMap((i) => [i.from, i.to]),
  )
  const cover: OracleCover[] = []
  edges.forEach((from, i) => {
    const to = edges[i + 1]
    if (to === undefined) return
    const covering = layers.filter((l) => inside(l.shifts, from) && inside(l.active, from) && inside(l.policies, from))
    const workProviders = covering.map((l) => l.workProvider).sort(compare)
    if (workProviders.length === 0) return
    const last = cover.at(-1)
    const same = last !== undefined && JSON.stringify(last.workProviders) === JSON.stringify(workProviders)
    if (same && last.to === from) last.to = to
    else cover.push({ from, to, workProviders })
  })
  return cover
}

// Usage

function localDays(timeZone: string, month: string): (Interval & { day: string })[] {
  const startOf = (date: Temporal.PlainDate) => Number(date.toZonedDateTime(timeZone).epochNanoseconds / 1000n)
  const yearMonth = Temporal.PlainYearMonth.from(month)
  return Array.from({ length: yearMonth.daysInMonth }, (_, i) => {
    const date = yearMonth.toPlainDate({ day: i + 1 })
    return { day: date.toString(), from: startOf(date), to: startOf(date.add({ days: 1 })) }
  })
}

// Sorted by work provider, then day. A minute covered through two work providers counts once for each.
export function oracleUsage(
  world: World,
  customerNumber: string,
  timeZone: string,
  month: string,
  question: Question,
): OracleUsage[] {
  const cover = oracleCover(world, customerNumber, question)
  const names = [...new Set(cover.flatMap((c) => c.workProviders))].sort(compare)
  const rows = names.flatMap((workProvider) =>
    localDays(timeZone, month).map(({ day, from, to }) => {
      const overlaps = cover
        .filter((c) => c.workProviders.includes(workProvider))
        .map((c) => Math.max(0, Math.min(c.to, to) - Math.max(c.from, from)))
      return { workProvider, day, minutes: overlaps.reduce((sum, o) => sum + o, 0) / MINUTE }
    }),
  )
  return rows.filter((r) => r.minutes > 0)
}

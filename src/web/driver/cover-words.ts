import type { Instant } from '../../domain/instant.ts'
import { consentAt } from '../../domain/link.ts'
import { type Covered, isCovered, type Standing } from '../../domain/standing.ts'
import { formatMoment } from '../kit/times.ts'

export type CoverNow = { readonly isCovered: boolean; readonly headline: string; readonly why: string }

/** Whether a driver is covered now, and why, in a sentence or two of their own words. */
export function coverNow(standings: readonly Standing[], now: Instant, timeZone: string): CoverNow {
  const covered = standings.filter(isCovered)
  const onShift = standings.filter((standing) => standing.shift !== null)
  const uncovered = onShift.filter((standing) => !isCovered(standing))
  const warnings = uncovered.map((standing) => lacking(standing, now, timeZone))
  if (covered.length > 0) {
    const why = `You are on shift for ${list(covered.map((one) => since(one, now, timeZone)))}.`
    return { isCovered: true, headline: 'You are covered now', why: [why, ...warnings].join(' ') }
  }
  const why = onShift.length > 0 ? warnings.join(' ') : offShift(standings, now)
  return { isCovered: false, headline: 'You are not covered now', why }
}

/** Why nobody is covered whom no work provider reports, and whether they would be. */
function offShift(standings: readonly Standing[], now: Instant): string {
  if (standings.length === 0) {
    return 'You are not linked to a work provider: open the link in the app of the company that you work for.'
  }
  const active = standings.filter((standing) => standing.activeSince !== null)
  if (active.length === 0) {
    const agreed = standings.filter((standing) => consentAt(standing.stream.consents, now)?.given)
    if (agreed.length === 0) return 'You share with no work provider at the moment.'
    return `You agreed, but the link to ${list(agreed.map(nameOf))} is not complete yet.`
  }
  const insured = active.filter((standing) => standing.policy !== null)
  if (insured.length === 0) {
    return 'No work provider reports that you are working, and you have no policy that is valid for one now.'
  }
  if (insured.length === active.length) {
    return 'No work provider reports that you are working. Your cover begins when one does.'
  }
  return `No work provider reports that you are working. Your cover begins when ${list(insured.map(nameOf), 'or')} does.`
}

function nameOf({ stream }: Standing): string {
  return stream.workProvider
}

/** Why somebody on shift is not covered. */
function lacking({ stream, activeSince, policy, shift }: Standing, now: Instant, timeZone: string): string {
  const { workProvider } = stream
  const opening = `${workProvider} reports you on shift since ${formatMoment(shift!.startedAt, now, timeZone)}, but`
  if (activeSince !== null) return `${opening} you have no policy that is valid for it now.`
  const consent = consentAt(stream.consents, now)
  const reason = consent?.given
    ? `your link to ${workProvider} is not complete yet`
    : `you do not share with ${workProvider}`
  return policy === null ? `${opening} ${reason}, and you have no valid policy.` : `${opening} ${reason}.`
}

function since({ stream, shift }: Covered, now: Instant, timeZone: string): string {
  return `${stream.workProvider} since ${formatMoment(shift.startedAt, now, timeZone)}`
}

function list(parts: readonly string[], word = 'and'): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} ${word} ${parts.at(-1)}`
}

import type { Instant } from '../../domain/instant.ts'
import { consentAt } from '../../domain/link.ts'
import { type Covered, isCovered, type Standing } from '../../domain/standing.ts'
import { formatMoment } from '../kit/times.ts'

export type CoverNow = { readonly isCovered: boolean; readonly headline: string; readonly why: string }

/** Whether a driver is covered now, and why, in one sentence of their own words. */
export function coverNow(standings: readonly Standing[], now: Instant, timeZone: string): CoverNow {
  const covered = standings.filter(isCovered)
  if (covered.length > 0) {
    const why = `You are on shift for ${list(covered.map((one) => since(one, now, timeZone)))}.`
    return { isCovered: true, headline: 'You are covered now', why }
  }
  return { isCovered: false, headline: 'You are not covered now', why: whyNot(standings, now, timeZone) }
}

function whyNot(standings: readonly Standing[], now: Instant, timeZone: string): string {
  if (standings.length === 0) {
    return 'You are not linked to a work provider: open the link in the app of the company that you work for.'
  }
  const onShift = standings.filter((standing) => standing.shift !== null)
  if (onShift.length > 0) {
    return onShift.map((standing) => lacking(standing, now, timeZone)).join(' ')
  }
  if (standings.every((standing) => standing.activeSince === null)) {
    return 'You share with no work provider at the moment.'
  }
  if (standings.every((standing) => standing.policy === null)) {
    return 'No work provider reports that you are working, and you have no policy that is valid now.'
  }
  return 'No work provider reports that you are working. Your cover begins when one does.'
}

/** Why somebody on shift is not covered. */
function lacking({ stream, activeSince, policy, shift }: Standing, now: Instant, timeZone: string): string {
  const { workProvider } = stream
  const opening = `${workProvider} reports you on shift since ${formatMoment(shift!.startedAt, now, timeZone)}, but`
  if (activeSince !== null) return `${opening} you have no policy that is valid for it now.`
  const consent = consentAt(stream.consents, now)
  const reason = consent?.given
    ? `${workProvider} has not done its part of the link yet`
    : `you do not share with ${workProvider}`
  return policy === null ? `${opening} ${reason}, and you have no valid policy.` : `${opening} ${reason}.`
}

function since({ stream, shift }: Covered, now: Instant, timeZone: string): string {
  return `${stream.workProvider} since ${formatMoment(shift.startedAt, now, timeZone)}`
}

function list(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`
}

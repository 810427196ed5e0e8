import type { NotDone } from '../../app/account-library.ts'

const MINUTE = 60

/** What a driver is told who tried too often, or shares a network with somebody who did. */
export function tooManyWords({ retryAfterSeconds = MINUTE }: NotDone): string {
  return `There were too many tries from here. Wait ${waitWords(retryAfterSeconds)}, or use another connection`
}

export function retryAfter({ retryAfterSeconds = MINUTE }: NotDone): Record<string, string> {
  return { 'Retry-After': String(retryAfterSeconds) }
}

function waitWords(seconds: number): string {
  if (seconds <= MINUTE) return 'a minute'
  return seconds <= 15 * MINUTE ? 'a quarter of an hour' : 'an hour'
}

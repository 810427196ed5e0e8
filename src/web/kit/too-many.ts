import type { NotDone } from '../../app/account-library.ts'

const MINUTE = 60

/** What people are told who tried too often, or share a network or an account with somebody who did. */
export function tooManyWords({ retryAfterSeconds = MINUTE, isLocked = false }: NotDone): string {
  const wait = `Wait ${waitWords(retryAfterSeconds)}`
  if (isLocked) return `There were too many wrong codes for this account. ${wait}`
  return `There were too many tries from here. ${wait}, or use another connection`
}

export function retryAfter({ retryAfterSeconds = MINUTE }: NotDone): Record<string, string> {
  return { 'Retry-After': String(retryAfterSeconds) }
}

function waitWords(seconds: number): string {
  if (seconds <= MINUTE) return 'a minute'
  return seconds <= 15 * MINUTE ? 'a quarter of an hour' : 'an hour'
}

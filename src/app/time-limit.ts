import { Refusal } from '../domain/errors.ts'

/** How long a request waits for the database. What it asked to store may be stored all the same: repeats are harmless. */
export const DATABASE_TIME_LIMIT_MS = 4_000
const RETRY_AFTER_SECONDS = 1

/** The request cannot be served now; the caller is to come again. */
export function unavailable(detail: string): Refusal {
  return new Refusal('UNAVAILABLE', detail, RETRY_AFTER_SECONDS)
}

/** As the work settles, or a refusal when it takes longer than it may. */
export function withinTime<T>(work: Promise<T>, limitMs = DATABASE_TIME_LIMIT_MS): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(unavailable('the database was too slow')), limitMs)
    work.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

import type { Identity, IdentityName } from '../domain/identity.ts'
import { type Status, statusOf } from '../domain/status.ts'
import { readStatuses, type StatusReading } from '../storage/status.ts'
import type { Context } from './context.ts'
import { gather } from './gather.ts'

const MAX_LOOKUPS_AT_ONCE = 200
/** Asked in place of an identity that nobody can have: no user id is empty, so the same work finds nobody. */
const NOBODY: IdentityName = { kind: 'user_id', text: '' }

export type StatusDesk = {
  /** The status of a person for a work provider; `identity` null for one that cannot exist. */
  answer(workProviderId: string, identity: IdentityName | null): Promise<Status>
}

/** Concurrent questions share a statement. `onTold` hears of every status that was told, by its link. */
export function openStatusDesk(context: Context, onTold: (linkId: number) => void): StatusDesk {
  const lookUp = gather<Identity, StatusReading>(MAX_LOOKUPS_AT_ONCE, (asked) => readStatuses(context.db, asked))
  return {
    async answer(workProviderId, identity) {
      const { linkId, facts, now } = await lookUp({ workProviderId, ...(identity ?? NOBODY) })
      const status = statusOf(facts, now)
      if (status.kind !== 'unknown') onTold(linkId!)
      return status
    },
  }
}

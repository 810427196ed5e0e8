import type { KnownPerson } from '../domain/feed.ts'
import type { Link } from '../domain/link.ts'
import { bindingsOfLinks } from '../storage/bindings.ts'
import type { Database } from '../storage/database.ts'

/** The people of some links as their work providers know them, by link. */
export async function peopleOf(db: Database, links: readonly Link[]): Promise<Map<number, KnownPerson>> {
  const bindings = await bindingsOfLinks(
    db,
    links.map((link) => link.id),
  )
  return new Map(
    links.map(({ id, workProviderId, customerNumber }) => {
      const held = bindings.filter(({ linkId, release }) => linkId === id && release === null)
      const userIds = held.filter(({ identity }) => identity.kind === 'user_id').map(({ identity }) => identity.text)
      return [id, { workProviderId, customerNumber, workProviderUserIds: userIds }]
    }),
  )
}

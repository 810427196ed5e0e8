import type { Instant } from '../domain/instant.ts'
import { isActiveAt, type Link, type LinkFacts } from '../domain/link.ts'
import type { Database } from '../storage/database.ts'
import { consentsOfLinks } from '../storage/links.ts'
import { matchesOf } from '../storage/matches.ts'
import { settingsOf } from '../storage/work-providers.ts'

/** What decides when each of some links is active; and so many of the last words of its work provider, for those who show them. */
export async function loadLinkFacts(
  db: Database,
  links: readonly Link[],
  lastWords = 0,
): Promise<Map<number, LinkFacts>> {
  const consents = await consentsOfLinks(
    db,
    links.map((link) => link.id),
  )
  const settings = await settingsOf(db, [...new Set(links.map((link) => link.workProviderId))])
  const matches = Map.groupBy(await matchesOf(db, links, lastWords), matchKey)
  return new Map(
    links.map((link) => [
      link.id,
      {
        consents: consents.get(link.id)!,
        settings: settings.get(link.workProviderId)!,
        matches: matches.get(matchKey(link)) ?? [],
      },
    ]),
  )
}

/** Those of some links that are active at an instant. */
export async function activeLinks(db: Database, links: readonly Link[], at: Instant): Promise<Link[]> {
  const facts = await loadLinkFacts(db, links)
  return links.filter((link) => isActiveAt(facts.get(link.id)!, at))
}

function matchKey({ workProviderId, customerNumber }: { workProviderId: string; customerNumber: string }): string {
  return `${workProviderId}/${customerNumber}`
}

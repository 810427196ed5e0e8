import type { Answer, Visitor } from '../support/visitor.ts'
import { agree } from '../support/visitor.ts'

export type LinkOf = { readonly id: string; readonly email?: string; readonly workProvider?: string }

export function linkTo({ id, email, workProvider = 'Courier Ltd' }: LinkOf): string {
  const query = new URLSearchParams({ work_provider: workProvider, work_provider_user_id: id })
  if (email !== undefined) query.set('email', email)
  return `/link-work-provider?${query.toString()}`
}

/** Opens a link of a work provider; answers the id of the intent. */
export async function openIntent(visitor: Visitor, link: LinkOf): Promise<string> {
  const { location } = await visitor.get(linkTo(link))
  const id = location?.match(/[0-9a-f]{8}-[0-9a-f-]{27}/)?.[0]
  if (id === undefined) throw new Error(`the link led to ${location}`)
  return id
}

/** Opens a link in a browser that is logged in, and says yes. */
export async function claim(visitor: Visitor, link: LinkOf): Promise<{ intentId: string; answer: Answer }> {
  const intentId = await openIntent(visitor, link)
  return { intentId, answer: await agree(visitor, `/link/${intentId}`) }
}

import { type LinkClaim, type LinkProblem, nextStep, openLink } from '../../app/link-intents.ts'
import { isSoundText } from '../../domain/sound-text.ts'
import { parseQuery } from '../../domain/query.ts'
import { knownBrowser } from '../kit/browser.ts'
import { found, notFound, problemPage } from '../kit/replies.ts'
import type { Visit } from '../kit/visit.ts'
import { withLink } from './intent.ts'

/** The names of the contract and those of its examples. */
const WORK_PROVIDER = ['work_provider', 'wp']
const USER_ID = ['work_provider_id', 'work_provider_user_id', 'work_user_provider_id', 'wp_id']

/** GET /link-work-provider: keeps the claim, and sends the browser on with nothing personal in the address. */
export async function openWorkProviderLink(visit: Visit): Promise<Response> {
  const { network } = visit
  const opened = await openLink(visit.context, readClaim(visit.query), { browser: knownBrowser(visit), network })
  if ('problem' in opened) return found(visit, `/link-problem/${opened.problem}`)
  const { intent } = opened
  const step = await nextStep(visit.context, intent, { network, isLoggedIn: visit.driver !== null })
  return found(visit, step === 'link' ? `/link/${intent.id}` : withLink(`/${step}`, intent))
}

/** Parameters that contradict each other, or cannot be decoded, are as good as missing. */
export function readClaim(query: string): LinkClaim {
  const pairs = parseQuery(query)
  const only = (names: readonly string[]): string | null => {
    const values = new Set(pairs.filter((pair) => names.includes(pair.name)).map((pair) => pair.value))
    const [value = null] = values
    return values.size === 1 && value !== null && isSoundText(value) ? value : null
  }
  return {
    workProvider: only(WORK_PROVIDER),
    userId: only(USER_ID),
    email: only(['email']),
    parameters: pairs.map(({ name, value }) => ({ name, value: value ?? '' })),
  }
}

const PROBLEMS: Readonly<Record<LinkProblem, string>> = {
  'work-provider': 'The link does not name a company that works with us.',
  id: 'The link does not say who you are at the company.',
  signature: 'The link was changed on its way here, so we cannot trust it.',
  expired: 'The link is too old.',
  'too-many':
    'Very many links were opened from your network within the last hour, so this one was not taken: wait a while.',
}

/** GET /link-problem/<problem> */
export function showLinkProblem(visit: Visit): Promise<Response> {
  const problem = visit.parameters['problem'] ?? ''
  if (!Object.hasOwn(PROBLEMS, problem)) return notFound(visit)
  return problemPage(visit, 'NOT_FOUND', {
    title: 'This link does not work',
    text: `${PROBLEMS[problem as LinkProblem]} Go back to the app of the company that you work for, and open the link there again. If that does not help, tell them.`,
  })
}

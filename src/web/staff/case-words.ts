import type { CaseGroup, CaseKind, CaseStanding } from '../../domain/case.ts'
import type { CaseCustomer, CaseRecord } from '../../app/case-record.ts'
import type { ListedCase } from '../../app/reconciliation.ts'
import { html, type Markup } from '../kit/html.ts'

/** What the pages say of each kind of case. */
export const KIND_WORDS: Readonly<Record<CaseKind, string>> = {
  'parked user id': 'Parked user id',
  'parked customer number': 'Parked customer number',
  'failed match': 'Failed match',
  'unknown customer number': 'Unknown customer number',
  'waiting for consent': 'Waiting for consent',
  'conflicting claim': 'Conflicting id',
}

export const GROUP_WORDS: Readonly<Record<CaseGroup, string>> = {
  parked: 'Parked persons',
  'failed match': 'Failed matches',
  'unknown number': 'Unknown numbers',
  'waiting consent': 'Waiting consents',
  'conflicting id': 'Conflicting ids',
}

export const STANDING_WORDS: Readonly<Record<CaseStanding, string>> = {
  open: 'open',
  done: 'done',
  'open again': 'open again',
}

/** What to do about a case of a kind. */
export const WHAT_TO_DO: Readonly<Record<CaseKind, string>> = {
  'parked user id':
    'Ask the work provider who this is, or find the driver by what they tell you. Then bind the id to that customer: all that was reported becomes shifts at once. If it is nobody of ours, say that it is done.',
  'parked customer number':
    'If a customer has this number, link them to the work provider: all that was reported becomes shifts at once. If nobody has it, it may be mistyped: ask the work provider, and say that it is done.',
  'failed match':
    'The work provider says that it does not know this person as theirs. Ask it which id it has for them, and the driver where they work. Nothing is uncovered by this alone. A good word from the work provider settles it.',
  'unknown customer number':
    'The work provider recognises a number that nobody has. It may be mistyped: ask for the right one. The case is read again when a customer with this number appears.',
  'waiting for consent':
    'The work provider recognises this customer, who has not answered yet. The driver is asked on their pages and by e-mail. If they agreed in another way, record the consent on the customer’s page.',
  'conflicting claim':
    'Two customers say that this id is theirs. Ask the work provider whose it is, and never tell one of them who the other is. If it is the claimant’s, move it to them; if not, say that it is done.',
}

/** Why there is nothing to do any more; what is said first on the page of a settled case. */
export function settledWords({ name, facts }: CaseRecord): string {
  if (facts.of === 'match') {
    if (name.kind === 'failed match') return 'The work provider’s last word is a good one.'
    if (facts.words[0]?.success !== true) return 'The work provider’s last word is another one: that it failed.'
    if (facts.customer === null) return 'Nobody has this number.'
    if (name.kind === 'unknown customer number') return `The number is customer ${facts.customer.customerNumber}’s now.`
    return facts.customer.consent === null ? 'The customer said no.' : 'The customer has answered.'
  }
  const holder = facts.holdings.find(({ until }) => until === null)
  if (holder === undefined) return 'Nobody holds the id, and nothing was reported of it since.'
  return facts.of === 'claim' && holder.customerNumber === name.claimant
    ? 'The customer who claimed the id holds it now.'
    : `Customer ${holder.customerNumber} holds it now.`
}

export function counted(count: number, most: number): string {
  return count >= most ? `${most.toLocaleString('en-GB')} or more` : String(count)
}

export function customerLink(customerNumber: string): Markup {
  return html`<a href="/staff/customers/${customerNumber}">${customerNumber}</a>`
}

/** Of an id, in the list: the whole of it is on the page of its case. */
const SHOWN_CHARACTERS = 60

/** Who a case is about, in the list. */
export function whoOf({ kind, about, claimant }: ListedCase): Markup {
  const characters = [...about]
  const id = characters.length <= SHOWN_CHARACTERS ? about : `${characters.slice(0, SHOWN_CHARACTERS).join('')}…`
  return kind === 'conflicting claim' ? html`${id} claimed by ${claimant}` : html`${id}`
}

/** How a customer stands with a work provider, in a sentence. */
export function customerWords({ isErased, isLinked, consent }: CaseCustomer): string {
  if (isErased) return 'was erased'
  if (!isLinked) return 'not linked to this work provider'
  if (consent === null) return 'linked, has not agreed to share'
  return consent.given ? 'linked, agrees to share' : 'linked, has withdrawn'
}

export function nameOf({ name }: CaseCustomer): Markup {
  return name === null ? html`<span class="soft">no name</span>` : html`${name}`
}

import type { Visit } from '../kit/visit.ts'

/** From there everybody is led to where their own pages begin. */
const START = '/desk'
const OWN_PAGE = /^\/(?:staff|work-provider)(?:[/?][\w\-./?=&%:+,~]*)?$/

/** Where somebody wanted to go before the login, from the query or the form: a page of the desk, or its start. */
export function nextOf(visit: Visit): string {
  const next = visit.form.get('next') ?? new URLSearchParams(visit.query).get('next')
  return next !== null && OWN_PAGE.test(next) ? next : START
}

export function withNext(path: string, next: string): string {
  return next === START ? path : `${path}?${new URLSearchParams({ next }).toString()}`
}

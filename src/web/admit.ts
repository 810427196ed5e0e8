import { findWorkProviderById } from '../storage/work-providers.ts'
import { deskActor } from '../domain/audit.ts'
import { mayAs } from '../domain/desk.ts'
import { notAllowed, notFound, seeOther } from './kit/replies.ts'
import type { Route } from './kit/route.ts'
import type { StaffVisit, Visit, WorkProviderVisit } from './kit/visit.ts'

/** Shows a page to those whom it is for; leads everybody else to where they can become that, or refuses. */
export async function admit(visit: Visit, route: Route): Promise<Response> {
  switch (route.for) {
    case undefined:
    case 'everybody':
      return route.page(visit)
    case 'drivers':
      return visit.driver === null ? seeOther(visit, '/login') : route.page({ ...visit, driver: visit.driver })
    case 'desk':
      return visit.person === null ? toLogin(visit) : route.page({ ...visit, person: visit.person })
    case 'work providers':
      return admitWorkProvider(visit, route)
    default:
      return admitStaff(visit, route)
  }
}

type StaffRoute = Extract<Route, { readonly for: 'viewer' | 'operator' | 'admin' }>

function admitStaff(visit: Visit, route: StaffRoute): Promise<Response> | Response {
  const { person, context } = visit
  if (person === null) return toLogin(visit)
  if (!person.hasSecondFactor) return seeOther(visit, '/desk/second-factor')
  // As if there were no such pages: they are none of theirs.
  if (person.role === 'work provider') return notFound(visit)
  if (!mayAs(person.role, route.for)) return notAllowed(visit, route.for)
  return route.page({ ...visit, context: { ...context, actor: deskActor(person) } } as StaffVisit)
}

type WorkProviderRoute = Extract<Route, { readonly for: 'work providers' }>

async function admitWorkProvider(visit: Visit, route: WorkProviderRoute): Promise<Response> {
  const { person, context } = visit
  if (person === null) return toLogin(visit)
  if (!person.hasSecondFactor) return seeOther(visit, '/desk/second-factor')
  if (person.workProviderId === null) return seeOther(visit, '/staff')
  const workProvider = (await findWorkProviderById(context.db, person.workProviderId))!
  const own = { ...visit, workProvider, context: { ...context, actor: deskActor(person) } }
  return route.page(own as WorkProviderVisit)
}

/** After the login they are where they wanted to be; what was sent with a form is not sent again. */
function toLogin(visit: Visit): Response {
  const next = visit.method === 'GET' ? `${visit.path}${visit.query === '' ? '' : `?${visit.query}`}` : null
  return seeOther(visit, next === null ? '/desk/login' : `/desk/login?${new URLSearchParams({ next }).toString()}`)
}

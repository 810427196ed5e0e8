import type { Route } from '../kit/route.ts'
import { CASE_PATHS, CONFLICT_PATH, PARKED_PATH } from './case-address.ts'
import { bind, confirmBind, confirmMove, move } from './case-binding.ts'
import { say, showCase } from './case-page.ts'
import { downloadWork, showWork } from './reconciliation.ts'

/** The work list and its cases: everybody looks, operators work them. */
export const RECONCILIATION_PAGES: readonly Route[] = [
  { method: 'GET', path: '/staff/reconciliation', page: showWork, for: 'viewer' },
  { method: 'GET', path: '/staff/reconciliation.csv', page: downloadWork, for: 'viewer' },
  ...CASE_PATHS.flatMap((path): Route[] => [
    { method: 'GET', path, page: showCase, for: 'viewer' },
    { method: 'POST', path: `${path}/note`, page: say('note'), for: 'operator' },
    { method: 'POST', path: `${path}/done`, page: say('done'), for: 'operator' },
    { method: 'POST', path: `${path}/undo`, page: say('undone'), for: 'operator' },
  ]),
  { method: 'GET', path: `${PARKED_PATH}/bind`, page: confirmBind, for: 'operator' },
  { method: 'POST', path: `${PARKED_PATH}/bind`, page: bind, for: 'operator' },
  { method: 'GET', path: `${CONFLICT_PATH}/move`, page: confirmMove, for: 'operator' },
  { method: 'POST', path: `${CONFLICT_PATH}/move`, page: move, for: 'operator' },
]

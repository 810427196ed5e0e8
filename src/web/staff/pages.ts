import type { Route } from '../kit/route.ts'
import { downloadAudit, showAudit } from './audit.ts'
import { CUSTOMER_PAGES } from './customer.ts'
import { showLive, streamLive } from './live.ts'
import { showMail, showOutbox } from './outbox.ts'
import { RECONCILIATION_PAGES } from './reconciliation-pages.ts'
import { invite, removeSecondFactor, saveRole, setDisabled, showPeople, showPerson } from './people.ts'
import { WORK_PROVIDER_OF_STAFF } from './work-provider.ts'
import { downloadWorkProviders, makeWorkProvider, showWorkProviders } from './work-providers.ts'
import { showRequest } from './request.ts'
import { showSearch } from './search.ts'

/** The insurer's desk. Each page names the role that it needs. */
export const STAFF_PAGES: readonly Route[] = [
  { method: 'GET', path: '/staff', page: showSearch, for: 'viewer' },
  { method: 'GET', path: '/staff/requests/:request', page: showRequest, for: 'viewer' },
  ...CUSTOMER_PAGES,

  { method: 'GET', path: '/staff/work-providers', page: showWorkProviders, for: 'viewer' },
  { method: 'GET', path: '/staff/work-providers.csv', page: downloadWorkProviders, for: 'viewer' },
  { method: 'POST', path: '/staff/work-providers', page: makeWorkProvider, for: 'admin' },
  ...WORK_PROVIDER_OF_STAFF,

  { method: 'GET', path: '/staff/audit', page: showAudit, for: 'viewer' },
  { method: 'GET', path: '/staff/audit.csv', page: downloadAudit, for: 'viewer' },
  { method: 'GET', path: '/staff/people', page: showPeople, for: 'admin' },
  { method: 'POST', path: '/staff/people', page: invite, for: 'admin' },
  { method: 'GET', path: '/staff/people/:person', page: showPerson, for: 'admin' },
  { method: 'POST', path: '/staff/people/:person/role', page: saveRole, for: 'admin' },
  { method: 'POST', path: '/staff/people/:person/disable', page: setDisabled(true), for: 'admin' },
  { method: 'POST', path: '/staff/people/:person/enable', page: setDisabled(false), for: 'admin' },
  { method: 'POST', path: '/staff/people/:person/second-factor', page: removeSecondFactor, for: 'admin' },
  { method: 'GET', path: '/staff/outbox', page: showOutbox, for: 'admin' },
  { method: 'GET', path: '/staff/outbox/:mail', page: showMail, for: 'admin' },

  { method: 'GET', path: '/staff/live', page: showLive, for: 'viewer' },
  { method: 'GET', path: '/staff/live/events', page: streamLive, for: 'viewer' },
  ...RECONCILIATION_PAGES,
]

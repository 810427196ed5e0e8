import { NO_ERRORS } from '../kit/forms.ts'
import type { Route } from '../kit/route.ts'
import type { WorkProviderVisit } from '../kit/visit.ts'
import { workProviderPage } from './about.ts'
import { endKey, makeKey, makeTestKey, replaceKey } from './keys.ts'
import { buildLink } from './link-builder.ts'
import { makeLinkSecret, revokeLinkSecret } from './link-secrets.ts'
import { downloadQuality } from './quality.ts'
import { downloadRefusals } from './refusals.ts'
import { downloadRequests, showRequests } from './requests.ts'
import type { Action, Subject } from './subject.ts'
import { TEST_TWIN_ACTIONS } from './test-twin.ts'
import { WEBHOOK_ACTIONS } from './webhook-actions.ts'

const AT = '/work-provider'

function own(visit: WorkProviderVisit): Subject {
  const subject: Subject = {
    visit,
    workProvider: visit.workProvider,
    at: AT,
    isForStaff: false,
    isTest: false,
    mayChange: true,
    show: (errors, status) => workProviderPage(subject, errors, { status }),
  }
  return subject
}

function route(method: Route['method'], path: string, action: Action): Route {
  return { method, path: `${AT}${path}`, page: (visit) => action(own(visit)), for: 'work providers' }
}

/** What a work provider's people see of it, and of nobody else. */
export const WORK_PROVIDER_PAGES: readonly Route[] = [
  route('GET', '', (subject) => workProviderPage(subject, NO_ERRORS)),
  route('GET', '/quality.csv', downloadQuality),
  route('GET', '/requests', showRequests),
  route('GET', '/requests.csv', downloadRequests),
  route('GET', '/refusals.csv', downloadRefusals),
  route('POST', '/keys', makeKey),
  route('POST', '/keys/test', makeTestKey),
  route('POST', '/keys/rotate', replaceKey),
  route('POST', '/keys/revoke', endKey),
  route('POST', '/link-secrets', makeLinkSecret),
  route('POST', '/link-secrets/revoke', revokeLinkSecret),
  route('POST', '/link', buildLink),
  ...[...WEBHOOK_ACTIONS, ...TEST_TWIN_ACTIONS].map(({ method, path, action }) => route(method, path, action)),
]

import type { SubjectAction } from './subject.ts'
import { replayEntries, showLog } from './webhook-log.ts'
import { enableEndpoint, makeEndpoint, removeEndpoint, renewSecret, showWebhooks, testEndpoint } from './webhooks.ts'

/** What is shown and done of webhooks, below the page of a work provider or of its test twin. */
export const WEBHOOK_ACTIONS: readonly SubjectAction[] = [
  { method: 'GET', path: '/webhooks', action: showWebhooks },
  { method: 'POST', path: '/webhooks', action: makeEndpoint },
  { method: 'POST', path: '/webhooks/rotate', action: renewSecret },
  { method: 'POST', path: '/webhooks/remove', action: removeEndpoint },
  { method: 'POST', path: '/webhooks/enable', action: enableEndpoint },
  { method: 'POST', path: '/webhooks/test', action: testEndpoint },
  { method: 'GET', path: '/webhooks/log', action: showLog },
  { method: 'POST', path: '/webhooks/replay', action: replayEntries },
]

import type { Route } from '../kit/route.ts'
import { showCalls } from './calls.ts'
import { showChanges } from './changes.ts'
import { showErrors } from './errors.ts'
import { showLimits } from './limits.ts'
import { showLinking } from './linking.ts'
import { showStart } from './start.ts'
import { showTesting } from './testing.ts'
import { showWebhooks } from './webhooks.ts'

/** The documents for those who write programs for a work provider; they are for everybody. */
export const DOCS_PAGES: readonly Route[] = [
  { method: 'GET', path: '/docs', page: showStart },
  { method: 'GET', path: '/docs/calls', page: showCalls },
  { method: 'GET', path: '/docs/errors', page: showErrors },
  { method: 'GET', path: '/docs/linking', page: showLinking },
  { method: 'GET', path: '/docs/webhooks', page: showWebhooks },
  { method: 'GET', path: '/docs/testing', page: showTesting },
  { method: 'GET', path: '/docs/limits', page: showLimits },
  { method: 'GET', path: '/docs/changes', page: showChanges },
]

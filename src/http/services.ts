import { startAcceptor } from '../app/accept.ts'
import { openStatusDesk } from '../app/answer-status.ts'
import { openKeyRing } from '../app/api-keys.ts'
import { startApiUseLog } from '../app/api-use.ts'
import { startAskedLog } from '../app/asked.ts'
import type { Context } from '../app/context.ts'
import { startRefusalLog } from '../app/refusals.ts'
import { openValidationDesk } from '../app/validate.ts'
import type { Services } from './exchange.ts'
import { rateLimiter } from './rate-limit.ts'

export type ServiceOptions = {
  /** Called after each commit of accepted reports. */
  readonly onStored: () => void
  readonly isPrepared: Services['isPrepared']
  readonly assertReady: Services['assertReady']
}

export type RunningServices = {
  readonly services: Services
  /** Resolves when nothing accepted waits for the disk any more; to be called when no request is under way. */
  stop(): Promise<void>
}

/** Starts what the resources of the API work with. */
export function startServices(
  context: Context,
  { onStored, isPrepared, assertReady }: ServiceOptions,
): RunningServices {
  const acceptor = startAcceptor(context, onStored)
  const refusals = startRefusalLog(context)
  const asked = startAskedLog(context)
  const apiUse = startApiUseLog(context)
  return {
    services: {
      context,
      keyRing: openKeyRing(context),
      acceptor,
      statusDesk: openStatusDesk(context, asked.note),
      validationDesk: openValidationDesk(context),
      refusals,
      apiUse,
      rates: rateLimiter(context.limits),
      underWay: { count: 0 },
      isPrepared,
      assertReady,
    },
    async stop() {
      await acceptor.drain()
      await refusals.stop()
      await asked.stop()
      await apiUse.stop()
    },
  }
}

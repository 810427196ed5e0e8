import type { CaseName } from '../domain/case.ts'
import { Impossible } from '../domain/errors.ts'
import type { Identity } from '../domain/identity.ts'
import type { Instant } from '../domain/instant.ts'
import type { Link } from '../domain/link.ts'
import { bindingsOfIdentities } from '../storage/bindings.ts'
import { type DatabaseTransaction, inTransaction } from '../storage/database.ts'
import { lockIdentities } from '../storage/identities.ts'
import { findLink, findLinks, lockStreams } from '../storage/links.ts'
import { countShifts } from '../storage/shifts.ts'
import { findWorkProviderById, shareWorkProviders } from '../storage/work-providers.ts'
import { assertNoteFits, noteWord } from './case-words.ts'
import type { Context } from './context.ts'
import { keepCurrentCustomer, requireCurrentCustomer } from './customers.ts'
import { createLink, releaseUserId } from './links.ts'

/** What came of a binding: by how many shifts the customer has more, and whether more are still being derived. */
export type Bound = { readonly customerNumber: string; readonly shifts: number; readonly isPending: boolean }

/**
 * Binds a parked identity to a customer: a user id to anybody's link, a customer number to nobody's but its own
 * customer's. What was reported of it becomes shifts in the same transaction.
 */
export async function bindParked(context: Context, identity: Identity, customerNumber: string): Promise<Bound> {
  const workProvider = await requireById(context, identity.workProviderId)
  const customer = await requireCurrentCustomer(context.db, customerNumber)
  if (identity.kind === 'customer_number' && identity.text !== customer.customerNumber) {
    throw new Impossible(`a customer number is nobody's but customer ${identity.text}'s`)
  }
  return inTransaction(context.db, (trx) =>
    counting(trx, identity.workProviderId, customer.customerNumber, () =>
      createLink(
        { ...context, db: trx },
        {
          workProvider,
          customerNumber: customer.customerNumber,
          workProviderUserId: identity.kind === 'user_id' ? identity.text : undefined,
        },
      ),
    ),
  )
}

export type MoveRequest = {
  readonly workProviderId: string
  readonly userId: string
  /** Who claims it, and gets it. */
  readonly claimant: string
  /** Who holds it, as whoever asks was shown: it is not taken from anybody else. */
  readonly holder: string
  readonly reason: string
  /** From when it is the claimant's; now by default. */
  readonly at?: Instant | undefined
}

/** Takes a user id from the customer who holds it and binds it to the one who claims it, all or nothing. */
export async function moveUserId(context: Context, request: MoveRequest): Promise<Bound> {
  const { workProviderId, userId, at } = request
  const reason = request.reason.trim()
  if (reason === '') throw new Impossible('say why: the reason is kept')
  assertNoteFits(reason)
  const workProvider = await requireById(context, workProviderId)
  const { customerNumber } = await requireCurrentCustomer(context.db, request.claimant)
  return inTransaction(context.db, async (trx) => {
    const own = { ...context, db: trx }
    await keepCurrentCustomer(trx, customerNumber)
    // All locks of both steps beforehand, in the order that everybody takes them in.
    const identity: Identity = { workProviderId, kind: 'user_id', text: userId }
    await shareWorkProviders(trx, [workProviderId])
    await lockIdentities(trx, [{ workProviderId, kind: 'customer_number', text: customerNumber }, identity])
    const holder = (await bindingsOfIdentities(trx, [identity])).find((binding) => binding.release === null)
    const held = holder === undefined ? [] : await findLinks(trx, [holder.linkId])
    if (held[0]?.customerNumber !== request.holder) {
      throw new Impossible('another customer holds the id by now: open the case again')
    }
    const link = await findLink(trx, workProviderId, customerNumber)
    await lockStreams(trx, [holder!.linkId, ...(link === null ? [] : [link.id])])
    const name: CaseName = { kind: 'conflicting claim', workProviderId, about: userId, claimant: customerNumber }
    await noteWord(context, trx, name, { word: 'done', note: reason })
    await releaseUserId(own, { workProvider, workProviderUserId: userId, at })
    return counting(trx, workProviderId, customerNumber, () =>
      createLink(own, { workProvider, customerNumber, workProviderUserId: userId }),
    )
  })
}

async function counting(
  trx: DatabaseTransaction,
  workProviderId: string,
  customerNumber: string,
  work: () => Promise<Link>,
): Promise<Bound> {
  const before = await findLink(trx, workProviderId, customerNumber)
  const earlier = before === null ? 0 : (await countShifts(trx, before.id)).shifts
  const link = await work()
  const { shifts, isPending } = await countShifts(trx, link.id)
  return { customerNumber, shifts: shifts - earlier, isPending }
}

async function requireById(context: Context, id: string): Promise<string> {
  const workProvider = await findWorkProviderById(context.db, id)
  if (workProvider === null) throw new Impossible('there is no such work provider')
  return workProvider.name
}

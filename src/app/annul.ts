import { Impossible } from '../domain/errors.ts'
import { eventId, locateEvent, type ReceivedEvent, type ShiftEvent } from '../domain/shift-event.ts'
import { bindingsOfIdentities } from '../storage/bindings.ts'
import { insertAudit } from '../storage/audit.ts'
import { inTransaction } from '../storage/database.ts'
import { eventsOfIdentities, eventsOfSlice, insertAnnulment } from '../storage/events.ts'
import { lockIdentities } from '../storage/identities.ts'
import { shareWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { byStream, changesOf, deriveStreams } from './derive.ts'
import { settle } from './settle.ts'

export type AnnulmentRequest = {
  readonly eventId: string
  /** False restores the event. */
  readonly annulled: boolean
  readonly reason: string
}

const MAX_REASON_CHARACTERS = 1_000

/** Takes a wrong event out of account, or restores it. The event stays; who said so, when and why is kept. */
export async function annulEvent(context: Context, request: AnnulmentRequest): Promise<ReceivedEvent> {
  const reason = request.reason.trim()
  if (reason === '' || reason.length > MAX_REASON_CHARACTERS) {
    throw new Impossible(`a reason has 1 to ${MAX_REASON_CHARACTERS} characters`)
  }
  const event = await requireEvent(context, request.eventId)
  return inTransaction(context.db, async (trx) => {
    await insertAnnulment(trx, event, { annulled: request.annulled, reason, by: context.actor.name })
    await shareWorkProviders(trx, [event.identity.workProviderId])
    await lockIdentities(trx, [event.identity])
    const changes = changesOf(byStream([event], await bindingsOfIdentities(trx, [event.identity])))
    if (changes.size > 0) await deriveStreams(trx, changes)
    await insertAudit(trx, context.actor, {
      action: request.annulled ? 'event annulled' : 'event restored',
      subject: request.eventId,
      workProviderId: event.identity.workProviderId,
      details: { reason },
    })
    const events = await eventsOfIdentities(trx, [event.identity], { withInbox: false })
    return events.find((one) => eventId(one) === request.eventId)!
  })
}

async function requireEvent(context: Context, id: string): Promise<ShiftEvent> {
  const place = locateEvent(id)
  if (place === null) throw new Impossible(`"${id}" is not an event's id: "zego events" lists them`)
  const find = async (): Promise<ShiftEvent | undefined> =>
    (await eventsOfSlice(context.db, place.slice, place.from, place.to)).find((one) => eventId(one) === id)
  const found = await find()
  if (found !== undefined) return found
  // It may be listed and still wait in the inbox.
  await settle(context)
  const settled = await find()
  if (settled === undefined) throw new Impossible(`there is no event with the id ${id}`)
  return settled
}

import { Impossible } from '../domain/errors.ts'
import { formatInstant } from '../domain/instant.ts'
import { type Annulment, eventId, locateEvent, type ReceivedEvent, type ShiftEvent } from '../domain/shift-event.ts'
import { bindingsOfIdentities } from '../storage/bindings.ts'
import { insertAudit } from '../storage/audit.ts'
import { inTransaction } from '../storage/database.ts'
import { eventsOfIdentities, eventsOfSlice, insertAnnulment } from '../storage/events.ts'
import { lockIdentities } from '../storage/identities.ts'
import { findLinks } from '../storage/links.ts'
import { shareWorkProviders } from '../storage/work-providers.ts'
import type { Context } from './context.ts'
import { byStream, changesOf, deriveStreams } from './derive.ts'
import { holdersOf } from './holders.ts'
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
  return annulKnownEvent(context, await requireEvent(context, request.eventId), request)
}

/** As `annulEvent`, of an event that need not be looked for by its id. */
export async function annulKnownEvent(
  context: Context,
  event: ShiftEvent,
  request: Omit<AnnulmentRequest, 'eventId'>,
): Promise<ReceivedEvent> {
  const reason = request.reason.trim()
  if (reason === '' || reason.length > MAX_REASON_CHARACTERS) {
    throw new Impossible(`a reason has 1 to ${MAX_REASON_CHARACTERS} characters`)
  }
  const annulment = { annulled: request.annulled, reason, by: context.actor.name }
  const done = await annul(context, event, annulment)
  if (done !== null) return done
  // It may be listed and still wait in the inbox.
  await settle(context)
  const settled = await annul(context, event, annulment)
  if (settled === null) throw new Impossible(`there is no event with the id ${eventId(event)}`)
  return settled
}

/** Null when there is no such event yet; nothing is done then. */
function annul(
  context: Context,
  event: ShiftEvent,
  annulment: Omit<Annulment, 'recordedAt'>,
): Promise<ReceivedEvent | null> {
  const { identity } = event
  return inTransaction(context.db, async (trx) => {
    if (!(await insertAnnulment(trx, event, annulment))) return null
    await shareWorkProviders(trx, [identity.workProviderId])
    await lockIdentities(trx, [identity])
    const [holder] = holdersOf([event], await bindingsOfIdentities(trx, [identity]))
    const changes = changesOf(byStream([event], [holder ?? null]))
    if (changes.size > 0) await deriveStreams(trx, changes)
    const [link] = holder ? await findLinks(trx, [holder.linkId]) : []
    const id = eventId(event)
    await insertAudit(trx, context.actor, {
      action: annulment.annulled ? 'event annulled' : 'event restored',
      subject: id,
      ...(link === undefined ? {} : { customerNumber: link.customerNumber }),
      workProviderId: identity.workProviderId,
      details: { kind: event.kind, at: formatInstant(event.at), reason: annulment.reason },
    })
    const events = await eventsOfIdentities(trx, [identity], { withInbox: false })
    return events.find((one) => eventId(one) === id)!
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

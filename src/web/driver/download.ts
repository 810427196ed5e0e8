import { readAgreements, readDriver } from '../../app/driver-record.ts'
import { shiftInterval } from '../../domain/cover.ts'
import { csvCell } from '../../domain/csv.ts'
import { formatInstant, type Instant, MICROSECONDS_PER_MINUTE } from '../../domain/instant.ts'
import { FOREVER } from '../../domain/interval.ts'
import { holding } from '../../domain/link.ts'
import { validity } from '../../domain/policy.ts'
import { streamEvents } from '../../domain/customer-record.ts'
import { isAnnulled } from '../../domain/shift-event.ts'
import { download as file } from '../kit/replies.ts'
import type { DriverVisit } from '../kit/visit.ts'
import { coveredOf } from './week.ts'

/** GET /account/my-data.json: the driver's record, and every fact that it follows from. */
export async function downloadJson(visit: DriverVisit): Promise<Response> {
  const { customer } = visit.driver
  const driver = await readDriver(visit.context, customer.customerNumber)
  const agreements = await readAgreements(visit.context, customer.customerNumber)
  const data = {
    takenAt: formatInstant(driver.now),
    customer: {
      customerNumber: customer.customerNumber,
      name: customer.name,
      email: customer.email,
      phone: customer.phone,
      since: formatInstant(customer.recordedAt),
    },
    policies: driver.record.policies.map((policy) => ({
      id: policy.id,
      classOfUse: policy.classOfUse,
      coverLevel: policy.coverLevel,
      vehicleRegistration: policy.vehicleRegistration,
      workProvider: policy.workProviderId === null ? null : driver.names.get(policy.workProviderId)!,
      from: formatInstant(validity(policy).from),
      to: orNull(validity(policy).to),
    })),
    terms: agreements.terms.map(({ agreedAt, ...terms }) => ({ ...terms, agreedAt: formatInstant(agreedAt) })),
    consents: agreements.consents.map((consent) => ({
      ...consent,
      at: formatInstant(consent.at),
      recordedAt: formatInstant(consent.recordedAt),
    })),
    links: driver.record.streams.map((stream) => ({
      workProvider: stream.workProvider,
      since: formatInstant(stream.link.recordedAt),
      lastAsked: orNull(driver.asked.get(stream.link.id) ?? FOREVER),
      ids: stream.bindings.map((binding) => ({
        id: binding.identity.text,
        kind: binding.identity.kind,
        until: orNull(holding(binding).to),
      })),
      matches: stream.matches.map((match) => ({ success: match.success, at: formatInstant(match.receivedAt) })),
      events: streamEvents(stream).map((event) => ({
        kind: event.kind,
        id: event.identity.text,
        at: formatInstant(event.at),
        receivedAt: formatInstant(event.receivedAt),
        annulled: isAnnulled(event),
      })),
    })),
    shifts: driver.shifts.map((shift) => ({
      workProvider: shift.workProvider,
      startedAt: formatInstant(shift.startedAt),
      endedAt: shift.endedAt === null ? null : formatInstant(shift.endedAt),
      capAt: formatInstant(shift.capAt),
      endReason: shift.endReason,
    })),
    cover: driver.cover.map((piece) => ({
      from: formatInstant(piece.from),
      to: formatInstant(piece.to),
      workProviders: piece.workProviders,
    })),
  }
  return file(visit, 'my-data.json', 'application/json; charset=utf-8', `${JSON.stringify(data, null, 2)}\n`)
}

const CSV_HEADING = 'work provider,start,end,ended by,minutes on shift,minutes covered'

/** GET /account/my-shifts.csv */
export async function downloadCsv(visit: DriverVisit): Promise<Response> {
  const { shifts, cover, now } = await readDriver(visit.context, visit.driver.customer.customerNumber)
  const rows = shifts.map((shift) => {
    const interval = shiftInterval(shift, now)
    const end = shift.endReason === null ? '' : formatInstant(interval.to)
    const cells = [shift.workProvider, formatInstant(shift.startedAt), end, shift.endReason ?? '']
    return [...cells.map(csvCell), minutes(interval.to - interval.from), minutes(coveredOf(shift, cover, now))].join(
      ',',
    )
  })
  return file(visit, 'my-shifts.csv', 'text/csv; charset=utf-8', `${[CSV_HEADING, ...rows].join('\r\n')}\r\n`)
}

function minutes(microseconds: number): string {
  return (microseconds / MICROSECONDS_PER_MINUTE).toFixed(2)
}

function orNull(instant: Instant): string | null {
  return instant === FOREVER ? null : formatInstant(instant)
}

import { coverOfReading, shiftsOf } from '../../app/customer-record.ts'
import { type DeskCustomer, readDeskCustomer } from '../../app/desk-customer.ts'
import { shiftInterval } from '../../domain/cover.ts'
import { streamEvents } from '../../domain/customer-record.ts'
import { formatInstant, type Instant, MICROSECONDS_PER_MINUTE } from '../../domain/instant.ts'
import { FOREVER } from '../../domain/interval.ts'
import { validity } from '../../domain/policy.ts'
import { eventId } from '../../domain/shift-event.ts'
import { csvDownload, notFound } from '../kit/replies.ts'
import type { Route } from '../kit/route.ts'
import type { StaffVisit } from '../kit/visit.ts'
import { readView } from './customer-view.ts'

/* What a customer's page tells, whole, as tables for a spreadsheet; with `?known=` as known then. */

const ROWS_A_PIECE = 1_000

type Table = { readonly name: string; readonly headings: readonly string[]; rowsOf(about: DeskCustomer): string[][] }

const POLICIES: Table = {
  name: 'policies',
  headings: ['id', 'class of use', 'cover level', 'vehicle', 'good for', 'from', 'to', 'became known', 'cancelled at'],
  rowsOf({ reading, providers }) {
    const names = new Map(providers.map((one) => [one.id, one.name]))
    return reading.record.policies.map((policy) => [
      policy.id,
      policy.classOfUse,
      policy.coverLevel,
      policy.vehicleRegistration ?? '',
      policy.workProviderId === null ? '' : names.get(policy.workProviderId)!,
      formatInstant(policy.validFrom),
      ended(validity(policy).to),
      formatInstant(policy.recordedAt),
      policy.cancellations.map((one) => formatInstant(one.effectiveAt)).join(' '),
    ])
  },
}

const EVENTS: Table = {
  name: 'events',
  headings: [
    'id',
    'work provider',
    'identity',
    'text',
    'kind',
    'at',
    'became known',
    'request',
    'annulled',
    'by',
    'reason',
  ],
  rowsOf: ({ reading }) =>
    reading.record.streams
      .flatMap((stream) => streamEvents(stream).map((event) => ({ event, workProvider: stream.workProvider })))
      .sort((a, b) => a.event.at - b.event.at)
      .map(({ event, workProvider }) => {
        const word = event.annulments.at(-1)
        return [
          eventId(event),
          workProvider,
          event.identity.kind,
          event.identity.text,
          event.kind,
          formatInstant(event.at),
          formatInstant(event.receivedAt),
          event.requestId,
          word?.annulled === true ? 'yes' : 'no',
          word?.by ?? '',
          word?.reason ?? '',
        ]
      }),
}

const SHIFTS: Table = {
  name: 'shifts',
  headings: ['work provider', 'start', 'end', 'ended by', 'minutes'],
  rowsOf: ({ reading }) =>
    shiftsOf(reading).map((shift) => {
      const { from, to } = shiftInterval(shift, reading.now)
      const end = shift.endReason === null ? '' : formatInstant(to)
      return [shift.workProvider, formatInstant(from), end, shift.endReason ?? '', minutes(to - from)]
    }),
}

const COVER: Table = {
  name: 'cover',
  headings: ['from', 'to', 'minutes', 'work providers'],
  rowsOf: ({ reading }) =>
    coverOfReading(reading).map(({ from, to, workProviders }) => [
      formatInstant(from),
      formatInstant(to),
      minutes(to - from),
      workProviders.join(' and '),
    ]),
}

export const CUSTOMER_DOWNLOADS: readonly Route[] = [POLICIES, EVENTS, SHIFTS, COVER].map((table) => ({
  method: 'GET',
  path: `/staff/customers/:number/${table.name}.csv`,
  page: (visit: StaffVisit) => download(visit, table),
  for: 'viewer',
}))

async function download(visit: StaffVisit, { name, headings, rowsOf }: Table): Promise<Response> {
  const { context, parameters, query } = visit
  const { view, errors } = readView(parameters['number'] ?? '', query, context.now(), context.timeZone)
  const about = errors.size > 0 ? null : await readDeskCustomer(context, view.customerNumber, view.known)
  if (about === null) return notFound(visit)
  return csvDownload(visit, `${about.customer.customerNumber}-${name}.csv`, headings, pieces(rowsOf(about)))
}

async function* pieces(rows: readonly string[][]): AsyncGenerator<string[][]> {
  for (let from = 0; from < rows.length; from += ROWS_A_PIECE) yield rows.slice(from, from + ROWS_A_PIECE)
}

function ended(to: Instant): string {
  return to === FOREVER ? '' : formatInstant(to)
}

function minutes(microseconds: number): string {
  return (microseconds / MICROSECONDS_PER_MINUTE).toFixed(2)
}

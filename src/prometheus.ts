import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import { type Metrics, WEBHOOK_OUTCOMES, type WatchedFigures } from './app/metrics.ts'
import { ERRORS } from './domain/errors.ts'
import type { DeprecatedField } from './domain/identity.ts'
import { MICROSECONDS_PER_SECOND } from './domain/instant.ts'

/** Seconds, as OpenTelemetry advises for requests. */
const DURATIONS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
/** Seconds: what is late is minutes late. */
const LAGS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300, 900, 3600]

const LABELS = {
  request: ['http_request_method', 'http_route', 'http_response_status_code'],
  provider: ['work_provider'],
} as const

export function openMetrics(): Metrics {
  const registers = [new Registry()]
  const [registry] = registers as [Registry]
  const requests = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Requests by how long their answer took.',
    labelNames: LABELS.request,
    buckets: DURATIONS,
    registers,
  })
  const stored = new Counter({ name: 'zego_reports_stored_total', help: 'Reports answered 202: on disk.', registers })
  const commits = new Histogram({
    name: 'zego_store_commit_duration_seconds',
    help: 'Commits of accepted reports by how long they took.',
    buckets: DURATIONS,
    registers,
  })
  const derived = new Counter({
    name: 'zego_reports_derived_total',
    help: 'Reports taken out of the inbox.',
    registers,
  })
  const lag = new Histogram({
    name: 'zego_projector_lag_seconds',
    help: 'Turns of the projector by how long ago the first report that they took was received.',
    buckets: LAGS,
    registers,
  })
  const refusals = new Counter({
    name: 'zego_refusals_total',
    help: 'Refused requests of the API by reason.',
    labelNames: ['error_type'],
    registers,
  })
  const webhooks = new Counter({
    name: 'zego_webhook_tries_total',
    help: 'Webhooks that were tried, by what came of it.',
    labelNames: ['outcome'],
    registers,
  })
  const faults = new Counter({
    name: 'zego_faults_total',
    help: 'Requests of the API and of the pages that were answered with 500.',
    registers,
  })
  // From the start: of a counter that appears with its first count nobody sees that it grew.
  for (const outcome of WEBHOOK_OUTCOMES) webhooks.inc({ outcome }, 0)
  for (const error of Object.keys(ERRORS)) refusals.inc({ error_type: error }, 0)
  const deprecated = new Counter({
    name: 'zego_deprecated_field_requests_total',
    help: 'Requests that used a deprecated field.',
    labelNames: [...LABELS.provider, 'field'],
    registers,
  })
  const gauges = openGauges(registers)
  /** Counted by id: names are known when it is asked for. */
  const uses = new Map<string, { workProviderId: string; field: DeprecatedField; requests: number }>()
  const names = new Map<string, string>()
  let watchesProcess = false

  function tellDeprecated(): void {
    deprecated.reset()
    for (const { workProviderId, field, requests: count } of uses.values()) {
      deprecated.inc({ work_provider: names.get(workProviderId) ?? workProviderId, field }, count)
    }
  }

  return {
    contentType: registry.contentType,
    answered({ method, route, status, seconds }) {
      requests.observe({ http_request_method: method, http_route: route, http_response_status_code: status }, seconds)
      if (status === ERRORS.INTERNAL.status) faults.inc()
    },
    stored(reports, seconds) {
      stored.inc(reports)
      commits.observe(seconds)
    },
    derived(reports, lagSeconds) {
      derived.inc(reports)
      lag.observe(lagSeconds)
    },
    delivered: (outcome) => webhooks.inc({ outcome }),
    refused: (error) => refusals.inc({ error_type: error }),
    usedDeprecated(workProviderId, field) {
      const key = `${workProviderId}/${field}`
      const known = uses.get(key)
      if (known === undefined) uses.set(key, { workProviderId, field, requests: 1 })
      else known.requests += 1
    },
    tell(figures) {
      // Watching the event loop costs a timer: not before somebody asks.
      if (!watchesProcess) collectDefaultMetrics({ register: registry })
      watchesProcess = true
      for (const { id, name } of figures.store?.workProviders ?? []) names.set(id, name)
      tellDeprecated()
      gauges.set(figures)
      return registry.metrics()
    },
  }
}

function openGauges(registers: Registry[]): { set(figures: WatchedFigures): void } {
  const gauge = (name: string, help: string): Gauge => new Gauge({ name, help, registers })
  const underWay = gauge('http_server_active_requests', 'Requests of the API that are being answered.')
  const queuedEvents = gauge('zego_accept_queue_reports', 'Reports that wait for the disk.')
  const queuedBytes = gauge('zego_accept_queue_bytes', 'Their bytes.')
  const isUp = gauge('zego_database_up', '1 if the database answers, 0 if not.')
  const waiting = gauge('zego_inbox_reports', 'Reports that are not derived yet, counted up to 10,000.')
  const age = gauge('zego_inbox_age_seconds', 'How long ago the oldest of them was received; 0 without any.')
  const webhooks = gauge('zego_webhooks_waiting', 'Webhooks that wait to be brought, counted up to 10,000.')
  const webhookDelay = gauge('zego_webhook_delay_seconds', 'How long ago the first of them was due; 0 where none is.')
  const lastReport = new Gauge({
    name: 'zego_work_provider_last_report_timestamp_seconds',
    help: 'When a work provider was last heard of.',
    labelNames: LABELS.provider,
    registers,
  })
  return {
    set({ queue, underWay: count, store }) {
      underWay.set(count)
      queuedEvents.set(queue.events)
      queuedBytes.set(queue.bytes)
      isUp.set(store === null ? 0 : 1)
      // What is not known is not told: what was known before would look like now.
      for (const one of [waiting, age, webhooks, webhookDelay]) one.remove()
      lastReport.reset()
      if (store === null) return
      waiting.set(store.waiting)
      age.set(store.oldestAt === null ? 0 : Math.max(0, store.at - store.oldestAt) / MICROSECONDS_PER_SECOND)
      webhooks.set(store.webhooks.waiting)
      const { oldestDueAt } = store.webhooks
      webhookDelay.set(oldestDueAt === null ? 0 : Math.max(0, store.at - oldestDueAt) / MICROSECONDS_PER_SECOND)
      for (const { name, lastReportAt } of store.workProviders) {
        if (lastReportAt !== null) lastReport.set({ work_provider: name }, lastReportAt / MICROSECONDS_PER_SECOND)
      }
    },
  }
}

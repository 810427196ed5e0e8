import { type Command, InvalidArgumentError } from 'commander'
import { tryEndpoint } from '../app/deliver.ts'
import { isTaken, type Posted } from '../app/outgoing.ts'
import { workProviderOrTwin } from '../app/sandbox.ts'
import {
  addEndpointOf,
  dropEndpoint,
  enableAgain,
  MAX_SECRET_OVERLAP_HOURS,
  readDeliveries,
  replay,
  rotateSecret,
  SECRET_OVERLAP_HOURS,
} from '../app/webhooks.ts'
import { FEED_TYPES } from '../domain/feed.ts'
import { formatInstant } from '../domain/instant.ts'
import { DELIVERY_STATES, type DeliveryState, type ListedDelivery } from '../storage/webhook-deliveries.ts'
import { listEndpoints, type WebhookEndpoint } from '../storage/webhooks.ts'
import { type Cli, command, instantOrNull, show, table, Unsuccessful, wholeOption } from './cli.ts'

type Json = { json?: boolean }
const DELIVERIES_SHOWN = 100

/** `zego webhook`: the addresses at which work providers are told what is in their feeds. */
export function webhookCommands(program: Command, cli: Cli): void {
  const group = program.command('webhook').description('addresses at which work providers are told of what happens')

  command(group, 'add', 'add an address; its secret is shown this once')
    .requiredOption('--work-provider <name>')
    .requiredOption('--url <url>', 'where to post to')
    .option('--test', 'of its test twin: what its test keys send')
    .option('--type <type...>', `of which it is told, of all without: ${FEED_TYPES.join(', ')}`)
    .action(
      async ({
        workProvider,
        url,
        test,
        type,
        json,
      }: Json & { workProvider: string; url: string; test?: boolean; type?: string[] }) => {
        const made = await cli.withContext(async (context) => {
          const of = await workProviderOrTwin(context, workProvider, test === true)
          return addEndpointOf(context, of, { url, types: type })
        })
        const said = `Endpoint ${made.id}. What is posted there is signed with this secret, shown this once:\n\n    ${made.secret}\n`
        show(cli, json, made, said)
      },
    )

  command(group, 'list', 'list the addresses')
    .option('--test', 'those of test twins')
    .action(async ({ test, json }: Json & { test?: boolean }) => {
      const all = await cli.withContext(({ db }) => listEndpoints(db, test === true))
      const rows = all.map((one) => [one.workProvider, one.id, one.url, one.types?.join(' ') ?? 'all', stateOf(one)])
      const text = table(['work provider', 'id', 'address', 'told of', 'state'], rows, 'There are no addresses.')
      show(cli, json, all.map(endpointToJson), text)
    })

  command(group, 'rotate', 'make a new secret; what is posted is signed with the old one too, for a time')
    .argument('<id>')
    .option('--overlap <hours>', `for how long, up to ${MAX_SECRET_OVERLAP_HOURS}`, wholeOption, SECRET_OVERLAP_HOURS)
    .action(async (id: string, { overlap, json }: Json & { overlap: number }) => {
      const { oldUntil, ...made } = await cli.withContext((context) => rotateSecret(context, id, overlap))
      const until = formatInstant(oldUntil)
      const said = `A new secret, shown this once; the old one goes on until ${until}:\n\n    ${made.secret}\n`
      show(cli, json, { ...made, oldUntil: until }, said)
    })

  command(group, 'test', 'post a message that tells nothing, and say what came of it')
    .argument('<id>')
    .action(async (id: string, { json }: Json) => {
      const posted = await cli.withContext((context) => tryEndpoint(context, id))
      show(cli, json, posted, saidOf(posted))
      if (!isTaken(posted)) throw new Unsuccessful()
    })

  command(group, 'enable', 'tell an address again that was disabled')
    .argument('<id>')
    .action(async (id: string, { json }: Json) => {
      await cli.withContext((context) => enableAgain(context, id))
      const said = `Endpoint ${id} is told again. What it missed: zego webhook replay ${id} --after <number>`
      show(cli, json, { id, enabled: true }, said)
    })

  command(group, 'remove', 'tell an address no more')
    .argument('<id>')
    .action(async (id: string, { json }: Json) => {
      await cli.withContext((context) => dropEndpoint(context, id))
      show(cli, json, { id, removed: true }, `Endpoint ${id} is removed.`)
    })

  command(group, 'log', 'what an address was told, the newest first')
    .argument('<id>')
    .option('--state <state>', DELIVERY_STATES.join(', '), stateOption)
    .option('--before <number>', 'older than the entry of this number', wholeOption)
    .action(async (id: string, { state, before, json }: Json & { state?: DeliveryState; before?: number }) => {
      const asked = { before: before ?? null, state: state ?? null, limit: DELIVERIES_SHOWN }
      const { deliveries, next } = await cli.withContext((context) => readDeliveries(context, id, asked))
      const rows = deliveries.map((one) => [
        String(one.number),
        formatInstant(one.at),
        one.type,
        one.state,
        String(one.tries.length),
        lastOf(one),
      ])
      const headings = ['number', 'known since', 'type', 'state', 'tries', 'the last']
      const more = next === null ? '' : `\nOlder: --before ${next}`
      const text = `${table(headings, rows, 'It was told nothing yet.')}${more}`
      show(cli, json, { deliveries: deliveries.map(deliveryToJson), next }, text)
    })

  command(group, 'replay', 'send again what is kept of the feed')
    .argument('<id>')
    .requiredOption('--after <number>', 'the last entry that is not sent again', wholeOption)
    .option('--to <number>', 'the last entry that is; the newest, without it', wholeOption)
    .option('--failed', 'only what could not be brought')
    .action(
      async (id: string, { after, to, failed, json }: Json & { after: number; to?: number; failed?: boolean }) => {
        const request = { after, to, failedOnly: failed === true }
        const last = await cli.withContext((context) => replay(context, id, request))
        const what = failed === true ? 'What was given up' : 'What is kept'
        show(cli, json, { id, after, to: last }, `${what} after entry ${after}, up to ${last}, is sent again.`)
      },
    )
}

function stateOption(text: string): DeliveryState {
  const state = DELIVERY_STATES.find((one) => one === text)
  if (state === undefined) throw new InvalidArgumentError(`It is none of ${DELIVERY_STATES.join(', ')}.`)
  return state
}

function stateOf({ disabledAt, disabledBecause }: WebhookEndpoint): string {
  return disabledAt === null ? 'live' : `disabled since ${formatInstant(disabledAt)}: ${disabledBecause}`
}

function endpointToJson({
  id,
  workProvider,
  url,
  types,
  recordedAt,
  disabledAt,
  disabledBecause,
}: WebhookEndpoint): object {
  const madeAt = formatInstant(recordedAt)
  return { id, workProvider, url, types, madeAt, disabledAt: instantOrNull(disabledAt), disabledBecause }
}

function deliveryToJson({ number, entryId, type, at, state, nextTryAt, tries }: ListedDelivery): object {
  return {
    number,
    id: entryId,
    type,
    at: formatInstant(at),
    state,
    nextTryAt: state === 'waiting' ? formatInstant(nextTryAt) : null,
    tries: tries.map((one) => ({ ...one, at: formatInstant(one.at) })),
  }
}

function lastOf({ tries, state, nextTryAt }: ListedDelivery): string {
  const last = tries.at(-1)
  const next = state === 'waiting' && last !== undefined ? `, again ${formatInstant(nextTryAt)}` : ''
  return last === undefined ? '' : `${[last.status ?? '', last.note].filter((part) => part !== '').join(' ')}${next}`
}

function saidOf(posted: Posted): string {
  if (posted.kind === 'answered') return `It answered ${posted.status}${isTaken(posted) ? '.' : ': that is not a 2xx.'}`
  return posted.kind === 'failed' ? `It was not reached: ${posted.why}.` : 'It was given up.'
}

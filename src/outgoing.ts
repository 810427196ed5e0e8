import { Agent as PlainAgent, type ClientRequestArgs, request as plainRequest, type RequestOptions } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns'
import { Resolver } from 'node:dns/promises'
import { BlockList, connect, isIPv6, type LookupFunction, type NetConnectOpts, type Socket } from 'node:net'
import { connect as secure } from 'node:tls'
import { callbackify } from 'node:util'
import { ANSWER_MS, MAX_ANSWER_BYTES, type Message, type Outgoing, type Posted } from './app/outgoing.ts'

const IDLE_MS = 10_000
const LOOKUP_MS = 3_000

/**
 * What is not the public internet (IANA's registries of special-purpose addresses): of IPv4 these networks, of IPv6 all
 * but 2000::/3 and, within that, these. A server must not be led to those beside it by an address that a stranger names.
 */
const NOT_PUBLIC = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/3',
  '4000::/2',
  '8000::/1',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
]

/** What may not be connected to: what is not public and, without TLS, what is; in both but for the operator's exceptions. */
function openGuards(allowed: readonly string[]): { readonly plain: BlockList; readonly tls: BlockList } {
  const exceptions = new BlockList()
  for (const network of allowed) addNetwork(exceptions, network)
  const isException = exceptions.check.bind(exceptions) as (...asked: unknown[]) => boolean
  const [plain, tls] = [new BlockList(), new BlockList()]
  for (const network of NOT_PUBLIC) addNetwork(tls, network)
  const isPrivate = tls.check.bind(tls) as (...asked: unknown[]) => boolean
  plain.check = (...asked: unknown[]) => !isException(...asked)
  tls.check = (...asked: unknown[]) => !isException(...asked) && isPrivate(...asked)
  return { plain, tls }
}

/**
 * Looks public names up by ourselves: the system's way takes one of the few threads that everybody shares, for as long as a
 * stranger's name server cares to be silent. Names of the operator's own (`/etc/hosts`) are not public.
 */
function publicLookup(nameServers: readonly string[] | undefined): LookupFunction {
  const resolver = new Resolver({ timeout: LOOKUP_MS, tries: 2 })
  if (nameServers !== undefined) resolver.setServers(nameServers)
  // Sockets that try each of the addresses ask for all of them (`autoSelectFamily`).
  const addressesOf = async (hostname: string, _: LookupOptions): Promise<LookupAddress[]> => {
    const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
    const found = [
      ...(four.status === 'fulfilled' ? four.value.map((address) => ({ address, family: 4 })) : []),
      ...(six.status === 'fulfilled' ? six.value.map((address) => ({ address, family: 6 })) : []),
    ]
    if (found.length === 0 && four.status === 'rejected') throw four.reason as Error
    return found
  }
  return callbackify(addressesOf) as LookupFunction
}

function addNetwork(list: BlockList, network: string): void {
  const [address = '', prefix] = network.split('/')
  const family = isIPv6(address) ? 'ipv6' : 'ipv4'
  list.addSubnet(address, prefix === undefined ? (family === 'ipv6' ? 128 : 32) : Number(prefix), family)
}

export type OutgoingOptions = {
  /** From the first byte of the name lookup to the last of the answer. */
  readonly answerMs?: number
  /** Who is asked for public names; those of the system, without them. */
  readonly nameServers?: readonly string[]
}

/** `allowed`: networks as in `10.0.0.0/8`, or addresses, that may be reached although they are not public. */
export function openOutgoing(
  allowed: readonly string[],
  { answerMs = ANSWER_MS, nameServers }: OutgoingOptions = {},
): Outgoing {
  const guards = openGuards(allowed)
  const lookup = allowed.length > 0 ? systemLookup : publicLookup(nameServers)
  const options = { keepAlive: true, timeout: IDLE_MS, lookup, autoSelectFamily: true }
  // The guard looks at the addresses that are really connected to: a name cannot mean another one a moment later.
  const plain = new PlainAgent({ ...options, blockList: guards.plain } as ConstructorParameters<typeof PlainAgent>[0])
  const tls = new GuardedTlsAgent(guards.tls, options)
  return {
    mayBePlain: allowed.length > 0,
    async post(message, signal, withinMs = answerMs) {
      const limit = AbortSignal.timeout(withinMs)
      const isTls = message.url.startsWith('https:')
      const options = { agent: isTls ? tls : plain, signal: AbortSignal.any([signal, limit]) }
      try {
        return await post(isTls ? tlsRequest : plainRequest, options, message)
      } catch (error) {
        if (signal.aborted) return { kind: 'stopped' }
        const why = limit.aborted ? `no answer within ${withinMs / 1_000} s` : reasonOf(error as Error)
        return { kind: 'failed', why }
      }
    },
  }
}

/** `https.Agent` gives no block list to the socket beneath (Node 26): so that is connected here. */
class GuardedTlsAgent extends TlsAgent {
  readonly #guard: BlockList

  constructor(guard: BlockList, options: ConstructorParameters<typeof TlsAgent>[0]) {
    super(options)
    this.#guard = guard
  }

  override createConnection(options: ClientRequestArgs): Socket {
    const { host, servername } = options as { host: string; servername?: string }
    const socket = connect({ ...options, blockList: this.#guard } as NetConnectOpts)
    const secured = secure({ ...(options as object), socket, servername: servername ?? host })
    socket.once('error', (error) => secured.destroy(error))
    return secured
  }
}

function post(send: typeof plainRequest, options: RequestOptions, { url, headers, body }: Message): Promise<Posted> {
  return new Promise((resolve, reject) => {
    const length = { 'Content-Length': String(Buffer.byteLength(body)) }
    const request = send(url, { ...options, method: 'POST', headers: { ...headers, ...length } })
    request.on('error', reject)
    // A server that wants to speak something else: neither an answer nor an error would come of it.
    request.on('upgrade', (response, socket) => {
      socket.destroy()
      reject(new Error(`it answered ${response.statusCode}`))
    })
    request.on('close', () => reject(new Error('the connection ended without an answer')))
    // What redirects is an answer like any other: nobody is followed to where a stranger points.
    request.on('response', (response) => {
      const pieces: Buffer[] = []
      let size = 0
      response.on('data', (piece: Buffer) => {
        size += piece.length
        pieces.push(piece)
        if (size > MAX_ANSWER_BYTES) request.destroy(new Error(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`))
      })
      response.on('error', reject)
      response.on('end', () =>
        resolve({ kind: 'answered', status: response.statusCode ?? 0, body: Buffer.concat(pieces).toString('utf8') }),
      )
    })
    request.end(body)
  })
}

/** One line for the log of deliveries; of several addresses that were tried, of the first. */
function reasonOf(error: Error & { code?: string; errors?: Error[] }): string {
  const first: Error & { code?: string } = error.errors?.[0] ?? error
  if (first.code === 'ERR_IP_BLOCKED') return 'its address is not one that may be reached'
  return first.code === undefined ? first.message : `${first.code}: ${first.message}`
}

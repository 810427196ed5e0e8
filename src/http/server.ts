import type {
  IncomingMessage,
  OutgoingHttpHeader,
  OutgoingHttpHeaders,
  RequestListener,
  Server,
  ServerResponse,
} from 'node:http'
import type { Duplex } from 'node:stream'
import { errorCode, ERRORS, type ErrorName } from '../domain/errors.ts'
import type { Services } from './exchange.ts'
import { http } from './node-http.ts'
import { CLOSED_HEADERS, type Headers } from './replies.ts'

/** How long the server bears with clients beyond their limits (domain/limits.ts), in milliseconds. */
export type Patience = {
  /** How often overdue headers and bodies are looked for: a client may overstay its time by this. */
  readonly checkEveryMs: number
  /** How long a client that was refused on the bare socket may go on sending until it is cut off: so it sees the answer. */
  readonly lingerMs: number
}

const PATIENCE: Patience = { checkEveryMs: 5_000, lingerMs: 1_000 }

/** What Node's parser found wrong, where it is not simply that the bytes are no HTTP. */
const PARSER_ERRORS: Readonly<Record<string, ErrorName>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'TIMEOUT',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
}

/** The characters of a host and port (RFC 3986, 3.2.2 and 3.2.3). */
const HOST = /^[\w.~!$&'()*+,;=:%[\]-]*$/

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  404: 'Not Found',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}

/**
 * An HTTP server around the application, with the limits of a public one. It does not listen yet. What never reaches
 * the application, because it is hardly HTTP, is answered in the contract's form all the same.
 */
export function createHttpServer(application: RequestListener, services: Services, patience = PATIENCE): Server {
  const { limits } = services.context
  const server: Server = http.createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: patience.checkEveryMs,
      maxHeaderSize: limits.headerBytes,
      requireHostHeader: false,
      ServerResponse: closingUnless(() => server.listening),
    },
    (incoming, outgoing) => {
      if (isHostless(incoming)) answer(services, outgoing, 'INVALID_DATA')
      else application(incoming, outgoing)
    },
  )
  server.maxConnections = limits.connections
  server.on('checkExpectation', (_, outgoing) => answer(services, outgoing, 'EXPECTATION_FAILED'))
  server.on('connect', (_, socket) => hangUp(services, socket, 'NOT_FOUND', patience))
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
    hangUp(services, socket, PARSER_ERRORS[error.code ?? ''] ?? 'INVALID_DATA', patience)
  })
  return server
}

/**
 * Answers of a server that stops: each is the last on its connection and says so, so that a client sends its next request
 * elsewhere rather than into a connection that is closed under it.
 */
function closingUnless(isListening: () => boolean): typeof ServerResponse {
  return class extends http.ServerResponse {
    override writeHead(status: number, text?: string, headers?: OutgoingHttpHeaders | OutgoingHttpHeader[]): this
    override writeHead(status: number, headers?: OutgoingHttpHeaders | OutgoingHttpHeader[]): this
    override writeHead(status: number, ...rest: unknown[]): this {
      if (!isListening()) this.shouldKeepAlive = false
      return super.writeHead(status, ...(rest as []))
    }
  } as typeof ServerResponse
}

/** A HTTP/1.0 client need not name a host; what names one names it in the characters of one. */
function isHostless(incoming: IncomingMessage): boolean {
  const { host } = incoming.headers
  return host === undefined ? incoming.httpVersion === '1.1' : !HOST.test(host)
}

function answer(services: Services, outgoing: ServerResponse, error: ErrorName): void {
  const { headers, body } = plainAnswer(services, error)
  outgoing.writeHead(ERRORS[error].status, headers).end(body)
}

/** Answers on the bare socket, and cuts off a client that does not hang up then. */
function hangUp(services: Services, socket: Duplex, error: ErrorName, { lingerMs }: Patience): void {
  // Node takes its own listener off a socket that it hands out, and what nobody listens to ends the process.
  socket.on('error', () => {})
  setTimeout(() => socket.destroy(), lingerMs).unref()
  const { headers, body } = plainAnswer(services, error)
  const { status } = ERRORS[error]
  const lines = headers.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('')
  socket.end(`HTTP/1.1 ${status} ${STATUS_TEXTS[status] ?? 'Error'}\r\n${lines}\r\n${body}`)
}

function plainAnswer(services: Services, error: ErrorName): { headers: Headers; body: string } {
  const body = JSON.stringify({ error: errorCode(error) })
  const headers: Headers = ['Request-Id', services.context.newId(), ...CLOSED_HEADERS]
  headers.push('Content-Type', 'application/json', 'Content-Length', String(body.length))
  headers.push('Zego-Error-Detail', ERRORS[error].title, 'Connection', 'close')
  return { headers, body }
}

import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { type Limits, limitsBy } from './domain/limits.ts'

/** What a process may do: everything, only take requests, or only derive. */
export const ROLES = ['all', 'accept', 'project'] as const
export type Role = (typeof ROLES)[number]

export type Config = {
  readonly host: string
  readonly port: number
  /** How the outside reaches the server; for links and messages. */
  readonly publicUrl: string
  /** Undefined: the embedded database in `dataDir`. */
  readonly databaseUrl: string | undefined
  readonly dataDir: string
  readonly timeZone: string
  readonly role: Role
  readonly hasDemo: boolean
  readonly limits: Limits
  /** Signs the cookies of those who log in; undefined: one is made, and kept beside the data. */
  readonly authSecret: string | undefined
  /** Opens `/metrics` to whoever has it; undefined: there is none. */
  readonly metricsToken: string | undefined
  /** Undefined: mails are printed. */
  readonly smtpUrl: string | undefined
  readonly mailFrom: string
  /** Whose `X-Forwarded-For` is believed: addresses, or networks as in `10.0.0.0/8`. */
  readonly trustedProxies: readonly string[]
  /** Networks that webhooks may go to although they are not public: as above. */
  readonly webhookNetworks: readonly string[]
  readonly logLevel: string
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Everything that is wrong with the environment, not only the first thing. */
export class BadConfiguration extends Error {
  override name = 'BadConfiguration'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']
const DEFAULTS = {
  host: '127.0.0.1',
  port: 8080,
  dataDir: './data',
  timeZone: 'Europe/London',
  mailFrom: 'Zego <no-reply@localhost>',
}
const MAIL_FROM = /^(?:[^<>@\r\n]+<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/
const MIN_SECRET_CHARACTERS = 32
const MIN_TOKEN_CHARACTERS = 16

/** Reads the environment into a configuration. `readFile` reads what a `..._FILE` variable names. */
export function readConfig(
  environment: Environment,
  readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): Config {
  const problems: string[] = []
  const text = (name: string): string | undefined => environment[name]?.trim() || undefined
  const secret = (name: string): string | undefined => {
    const path = text(`${name}_FILE`)
    if (path === undefined) return text(name)
    if (text(name) !== undefined) problems.push(`${name} and ${name}_FILE are both set: set one`)
    try {
      const content = readFile(path).trim()
      // Without this the program would open an embedded store where it was to use a server.
      if (content === '') problems.push(`${name}_FILE names a file that is empty: ${path}`)
      return content || undefined
    } catch {
      problems.push(`${name}_FILE names a file that cannot be read: ${path}`)
      return undefined
    }
  }
  const whole = (name: string, fallback: number, min: number, max: number): number => {
    const given = text(name)
    if (given === undefined) return fallback
    const value = Number(given)
    if (/^\d+$/.test(given) && value >= min && value <= max) return value
    problems.push(`${name} is not a whole number from ${min} to ${max}: ${given}`)
    return fallback
  }
  const oneOf = <T extends string>(name: string, allowed: readonly T[], fallback: T): T => {
    const given = text(name)
    if (given === undefined) return fallback
    const found = allowed.find((one) => one === given)
    if (found === undefined) problems.push(`${name} is none of ${allowed.join(', ')}: ${given}`)
    return found ?? fallback
  }

  const networks = (name: string): string[] => {
    const given = (text(name) ?? '').split(/[\s,]+/).filter((one) => one !== '')
    const wrong = given.filter((one) => !isAddressOrNetwork(one))
    for (const one of wrong) problems.push(`${name} has something that is not an address: ${one}`)
    return given.filter((one) => !wrong.includes(one))
  }

  const host = text('HOST') ?? DEFAULTS.host
  const port = whole('PORT', DEFAULTS.port, 0, 65_535)
  const config: Config = {
    host,
    port,
    publicUrl: (text('PUBLIC_URL') ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`).replace(/\/+$/, ''),
    databaseUrl: secret('DATABASE_URL'),
    dataDir: text('DATA_DIR') ?? DEFAULTS.dataDir,
    timeZone: text('TIME_ZONE') ?? DEFAULTS.timeZone,
    role: oneOf('ZEGO_ROLE', ROLES, 'all'),
    hasDemo: oneOf('ZEGO_DEMO', ['0', '1'], '1') === '1',
    limits: limitsBy(({ variable, standard, min, max }) => whole(variable, standard, min, max)),
    authSecret: secret('AUTH_SECRET'),
    metricsToken: secret('METRICS_TOKEN'),
    smtpUrl: secret('SMTP_URL'),
    mailFrom: text('MAIL_FROM') ?? DEFAULTS.mailFrom,
    trustedProxies: networks('TRUSTED_PROXIES'),
    webhookNetworks: networks('WEBHOOK_NETWORKS'),
    logLevel: oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
  }
  if (!isUrl(config.publicUrl, ['http:', 'https:'])) problems.push(`PUBLIC_URL is not a URL: ${config.publicUrl}`)
  // The value itself is not told: it holds a password.
  if (config.databaseUrl !== undefined && !isUrl(config.databaseUrl, ['postgres:', 'postgresql:'])) {
    problems.push('DATABASE_URL is not of the form postgres://user:password@host:port/database')
  }
  if (config.smtpUrl !== undefined && !isUrl(config.smtpUrl, ['smtp:', 'smtps:'])) {
    problems.push('SMTP_URL is not of the form smtp://user:password@host:port or smtps://...')
  }
  if (!MAIL_FROM.test(config.mailFrom)) {
    problems.push(`MAIL_FROM is not of the form name@host or Name <name@host>: ${config.mailFrom}`)
  }
  if (config.authSecret !== undefined && config.authSecret.length < MIN_SECRET_CHARACTERS) {
    problems.push(`AUTH_SECRET has fewer than ${MIN_SECRET_CHARACTERS} characters`)
  }
  if (config.metricsToken !== undefined && config.metricsToken.length < MIN_TOKEN_CHARACTERS) {
    problems.push(`METRICS_TOKEN has fewer than ${MIN_TOKEN_CHARACTERS} characters`)
  }
  if (!isTimeZone(config.timeZone)) problems.push(`TIME_ZONE is not a time zone: ${config.timeZone}`)
  if (config.databaseUrl === undefined && config.role !== 'all') {
    problems.push(`ZEGO_ROLE=${config.role} needs DATABASE_URL: the embedded database belongs to one process`)
  }
  if (config.limits.headersMs > config.limits.requestMs) {
    problems.push('HEADERS_TIMEOUT_MS is longer than REQUEST_TIMEOUT_MS: the headers are part of the request')
  }
  if (problems.length > 0) throw new BadConfiguration(problems)
  return config
}

function isUrl(text: string, protocols: readonly string[]): boolean {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol)
}

function isAddressOrNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128))
}

function isTimeZone(text: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text)
    return true
  } catch {
    return false
  }
}

import { destination, type Logger, pino, stdSerializers } from 'pino'

/** What must never be in a log, wherever an object with it is logged. */
const SECRET_PATHS = [
  'key',
  'password',
  'authorization',
  '*.key',
  '*.password',
  '*.authorization',
  '*.connectionString',
]

/** Lines of JSON on standard error: standard output is for people and for what commands print. */
export function openLog(level: string): Logger {
  const stderr = destination({ fd: 2, sync: true })
  // A disk that is full, where it is a file: reports are refused then and taken again later, without a line if need be.
  stderr.on('error', () => {})
  return pino(
    {
      level,
      base: {},
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRET_PATHS, censor: '[redacted]' },
      serializers: { err: errorForLog },
    },
    stderr,
  )
}

/** An error without what a driver hangs on it: a failed statement's parameters name people. */
function errorForLog(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error)
  const { type, message, stack } = stdSerializers.err(error)
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' ? { type, message, code, stack } : { type, message, stack }
}

import { type Command, CommanderError } from 'commander'
import { type Cli, Unsuccessful } from './cli/cli.ts'
import { buildProgram } from './cli/program.ts'
import { BadConfiguration } from './config.ts'
import { Impossible } from './domain/errors.ts'
import { isUnavailable, NotDurable } from './storage/database.ts'
import { DataDirectoryInUse } from './storage/embedded/embedded.ts'
import { NewerSchema } from './storage/migrate.ts'

export const EXIT_FAILED = 1
const EXIT_USAGE = 2

/** Where help and what is wrong go: the process, or a test. */
export type Terminal = {
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
}

/** Runs one command line, without the names of the programs, and answers the exit code; says what is wrong in clear lines. */
export async function runProgram(cli: Cli, args: readonly string[], terminal: Terminal): Promise<number> {
  const program = await buildProgram(cli, args[0])
  prepare(program, terminal)
  try {
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE
    if (error instanceof Unsuccessful) return EXIT_FAILED
    if (error instanceof BadConfiguration) {
      for (const problem of error.problems) terminal.stderr.write(`zego: ${problem}\n`)
      return EXIT_USAGE
    }
    terminal.stderr.write(`zego: ${explain(error) ?? (error instanceof Error ? error.stack : String(error))}\n`)
    return EXIT_FAILED
  }
}

/** No command ends the process by itself. */
function prepare(command: Command, terminal: Terminal): void {
  const { stdout, stderr } = terminal
  command.exitOverride().configureOutput({
    writeOut: (text) => void stdout.write(text),
    writeErr: (text) => void stderr.write(text),
  })
  for (const child of command.commands) prepare(child, terminal)
}

/** The one clear line for an error, or null when it is a fault of the program and its stack is worth seeing. */
function explain(error: unknown): string | null {
  if (error instanceof Impossible || error instanceof NewerSchema || error instanceof NotDurable) return error.message
  if (error instanceof DataDirectoryInUse) return error.message
  if (!(error instanceof Error)) return String(error)
  const code = (error as { code?: string }).code
  if (code === 'EADDRINUSE') return 'the address is in use: another server listens there; set PORT'
  if (code === 'EACCES') return `no permission: ${error.message}`
  if (error.name === 'AbortError') return 'stopped before the database answered'
  if (code !== undefined && /^(28|3D)/.test(code)) return `the database server refuses: ${error.message}`
  if (isUnavailable(error)) return `the database cannot be reached: ${error.message}`
  return null
}

import { Command, InvalidArgumentError } from 'commander'
import type { Made, Restored } from '../app/backup.ts'
import type { Context } from '../app/context.ts'
import { Impossible } from '../domain/errors.ts'
import { formatInstant, type Instant, parseInstant } from '../domain/instant.ts'
import type { Progress } from './progress.ts'

/** What the commands work with; made in `main.ts`. */
export type Cli = {
  /** Opens the store: a running server's embedded one, or its own, or the database server. */
  readonly withContext: <T>(work: (context: Context) => Promise<T>, needs?: 'any schema') => Promise<T>
  /** Backs up the store into a file, which is replaced only where `mayReplace`. */
  readonly backUp: (file: string, mayReplace: boolean) => Promise<Made>
  /** Restores a backup into the store, which has to be empty. */
  readonly restore: (file: string) => Promise<Restored>
  /** Runs the server until it is told to stop. */
  readonly serve: () => Promise<void>
  readonly print: (text: string) => void
  /** One line on a terminal that says how far something is; `end` it. */
  readonly startProgress: () => Progress
  readonly readInput: () => Promise<string>
  /** Who runs the command: recorded with what staff do. */
  readonly operator: string
  readonly now: () => Instant
  readonly version: string
}

/** A command has said what it found, and that it is not as it should be: nothing is left to say. */
export class Unsuccessful extends Error {
  override name = 'Unsuccessful'
}

/** A command that can also answer as one JSON document. */
export function command(parent: Command, usage: string, description: string): Command {
  return parent.command(usage).description(description).option('--json', 'print one JSON document')
}

/** Prints what a command answers: as JSON, or for people. */
export function show(cli: Cli, isJson: boolean | undefined, json: unknown, text: string | (() => string)): void {
  cli.print(isJson ? JSON.stringify(json) : typeof text === 'string' ? text : text())
}

/** An instant as an operator writes it; `now` is taken too. */
export function instantOption(cli: Cli, text: string): Instant {
  if (text === 'now') return cli.now()
  const parsed = parseInstant(text)
  if ('problem' in parsed) {
    const problem = parsed.problem.replace(/^timestamp/, `"${text}"`)
    throw new Impossible(`${problem}: write it as 2026-11-23T10:00:00Z, or "now"`)
  }
  return parsed.instant
}

export function optionalInstant(cli: Cli, text: string | undefined): Instant | undefined {
  return text === undefined ? undefined : instantOption(cli, text)
}

export function instantOrNull(instant: Instant | null): string | null {
  return instant === null ? null : formatInstant(instant)
}

/** A number of an entry, of hours: whole, and not negative. */
export function wholeOption(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('It has to be a whole number.')
  return Number(text)
}

/** A duration as an operator writes it (`PT14H`), in microseconds. */
export function durationOption(text: string): number {
  try {
    return Temporal.Duration.from(text).total('microseconds')
  } catch {
    throw new Impossible(`"${text}" is not a duration: write it as PT14H or PT30M`)
  }
}

/** Columns under headings, for people; `empty` when there are no rows. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], empty: string): string {
  if (rows.length === 0) return empty
  const all = [headings, ...rows].map((row) => row.map(printable))
  const widths = headings.map((_, column) => Math.max(...all.map((row) => [...(row[column] ?? '')].length)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell + ' '.repeat(Math.max(0, widths[column]! - [...cell].length)))
      .join('  ')
      .trimEnd()
  const [first, ...rest] = all.map(line)
  return [first, line(widths.map((width) => '-'.repeat(width))), ...rest].join('\n')
}

/** What outsiders wrote, for a terminal: control, formatting and line-breaking characters are shown, not obeyed. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}

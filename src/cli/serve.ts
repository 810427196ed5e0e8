import type { Command } from 'commander'
import type { Cli } from './cli.ts'

export function serveCommand(program: Command, cli: Cli): void {
  program
    .command('serve')
    .description('run the server')
    .action(() => cli.serve())
}

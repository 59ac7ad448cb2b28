import { Option, type Command } from 'commander'
import type { Session } from '../session.js'
import type { ExportOptions } from './export.js'

export function registerExport(program: Command, session: Session): void {
  program
    .command('export')
    .description('everything decided and every document that was ever live, with proofs, as NDJSON')
    .option('--out <file>', 'where to; goes on where the file ends')
    .option('--since <time>', 'only what came since, RFC 3339')
    .addOption(new Option('--check <file>', 'read an export with the pinned roster alone, and no service').conflicts(['out', 'since']))
    .action(session.run(async (context, options: ExportOptions) => (await import('./export.js')).exportRecords(context, options)))
}

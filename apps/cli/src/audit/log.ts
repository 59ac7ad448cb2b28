import { EXIT, type AuditEntry } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { parseRunNumber } from '../runs/run-number.js'

export interface AuditLogOptions {
  run?: string
}

export async function showAuditLog(context: CliContext, options: AuditLogOptions): Promise<number> {
  const run = options.run === undefined ? undefined : parseRunNumber(options.run)
  const client = await context.client()
  const entries = await client.get<AuditEntry[]>('/v1/audit/entries', { run })
  context.output.list(
    entries,
    [
      { heading: 'ENTRY', cell: (entry) => entry.index },
      { heading: 'AT', cell: (entry) => entry.at },
      { heading: 'RUN', cell: (entry) => (entry.run === null ? null : `#${entry.run}`) },
      { heading: 'SOURCE', cell: (entry) => entry.source },
      { heading: 'TYPE', cell: (entry) => entry.type },
      { heading: 'KEY', cell: (entry) => entry.key },
    ],
    run === undefined ? 'Nothing is recorded yet.' : `Nothing is recorded of run #${run} yet.`,
  )
  return EXIT.done
}

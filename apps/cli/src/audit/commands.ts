import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { AuditLogOptions } from './log.js'

export function registerAudit(program: Command, session: Session): void {
  const audit = program.command('audit').description('the trail of everything that was decided')
  audit
    .command('log')
    .description('recorded events, in order')
    .option('--run <number>', 'of one run')
    .action(session.run(async (context, options: AuditLogOptions) => (await import('./log.js')).showAuditLog(context, options)))
  audit
    .command('verify')
    .description('recompute the whole log from outside: entries, tree, signatures, witnesses')
    .action(session.run(async (context) => (await import('./verify.js')).verifyAudit(context)))
  audit
    .command('proof <id@version>')
    .description('that the approval of a version is in the log')
    .action(session.run(async (context, name: string) => (await import('./proof.js')).showProof(context, name)))
  program
    .command('roster')
    .description('who may approve what')
    .command('show')
    .description('the roster that is pinned here: HMS_ROSTER, else the data folder’s')
    .action(session.run(async (context) => (await import('./roster-show.js')).showRoster(context)))
}

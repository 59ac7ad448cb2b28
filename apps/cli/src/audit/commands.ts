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
}

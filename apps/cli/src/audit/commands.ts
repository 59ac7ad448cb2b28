import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { BundleOptions } from './bundle.js'
import type { AuditLogOptions } from './log.js'
import type { VerifyOptions } from './verify-bundle.js'

export function registerAudit(program: Command, session: Session): void {
  const audit = program.command('audit').description('the trail of everything that was decided')
  audit
    .command('log')
    .description('recorded events, the newest in their order')
    .option('--run <number>', 'of one run')
    .option('--by <name>', 'what this person signed, decided, froze, revoked or sent again')
    .option('--type <type>', 'of one type, such as `approval.approved`')
    .option('--since <time>', 'RFC 3339, or how long ago: `2h`')
    .option('--before <entry>', 'what is older than this entry')
    .option('--limit <number>', 'how many at most, up to 1000; 200 without it')
    .action(session.run(async (context, options: AuditLogOptions) => (await import('./log.js')).showAuditLog(context, options)))
  audit
    .command('verify')
    .description('recompute the whole log from outside: entries, tree, signatures, witnesses')
    .action(session.run(async (context) => (await import('./verify.js')).verifyAudit(context)))
  audit
    .command('proof <id@version>')
    .description('that the approval of a version is in the log')
    .action(session.run(async (context, name: string) => (await import('./proof.js')).showProof(context, name)))
  audit
    .command('bundle <id>')
    .description('what proves offline that a policy is in force by right')
    .option('--out <file>', 'where to; ID@VERSION.bundle without it')
    .action(
      session.run(async (context, id: string, options: BundleOptions) => (await import('./bundle.js')).writeBundle(context, id, options)),
    )
  program
    .command('verify <bundle>')
    .description('check a bundle offline against a roster')
    .requiredOption('--roster <file>', 'what `roster show --json` printed')
    .action(
      session.run(async (context, file: string, options: VerifyOptions) =>
        (await import('./verify-bundle.js')).verifyGivenBundle(context, file, options),
      ),
    )
}

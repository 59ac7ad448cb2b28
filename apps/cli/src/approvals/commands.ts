import { Option, type Command } from 'commander'
import type { Session } from '../session.js'
import type { ApproveFlags } from './approve-flags.js'
import type { RejectFlags } from './reject.js'
import { PASSPHRASE_FILE, PUBLIC_REASON, REASON } from '../signing-options.js'

export function registerApprovals(program: Command, session: Session): void {
  registerApprove(program, session)
  const approvals = program.command('approvals').description('what waits for signatures')
  approvals
    .command('list')
    .description('all approvals that wait or have an active run')
    .action(session.run(async (context) => (await import('./list.js')).listApprovals(context)))
  approvals
    .command('show <digest>')
    .description('one approval by its release digest')
    .action(session.run(async (context, digest: string) => (await import('./show.js')).showApproval(context, digest)))
  approvals
    .command('reject <digest>')
    .description('a signed no to what waits; the run ends ABORTED (REJECTED)')
    .requiredOption(...REASON)
    .option(...PUBLIC_REASON)
    .requiredOption('--sign <name>', 'whose key signs')
    .option(...PASSPHRASE_FILE)
    .action(
      session.run(async (context, digest: string, flags: RejectFlags) =>
        (await import('./reject.js')).rejectWaiting(context, digest, flags),
      ),
    )
}

function registerApprove(program: Command, session: Session): void {
  program
    .command('approve [files...]')
    .usage('<files...|digest> --sign <name> [options]')
    .description('show difference and digest, sign and submit; several files are one bundle, a digest is an approval that others signed')
    .requiredOption('--sign <name>', 'whose key signs, such as "EPA Chief"')
    .option('--canary <share>', 'share of traffic that gets it first: 0.05 or 5%')
    .option('--scope <scope>', 'where the canary is, such as region:NCR, or region:* for all regions')
    .addOption(
      new Option('--ramp <steps>', 'steps of the canary, each watched by itself: "5% NCR, 100% NCR, 25%, 100%"').conflicts([
        'canary',
        'scope',
      ]),
    )
    .option('--observe <duration>', 'how long the canary is watched')
    .option('--bake <duration>', 'how long the full rollout is watched')
    .option('--partners <ids>', 'partners and groups to tell, separated by commas')
    .option('--fallback <id@version...>', 'further versions that a rollback may restore')
    .option('--metric <name=query...>', 'what a Prometheus must answer for the canary to pass, such as "errors=error_ratio < bool 0.05"')
    .option('--author <name>', 'who wrote it; else its owner')
    .addOption(
      new Option('--author-from-git', 'who committed each file is its author; nothing that the repository configures runs').conflicts(
        'author',
      ),
    )
    .option('--reason <text>', 'why, for the record')
    .option('--expect-digest <digest>', 'refuse to sign anything else')
    .option(...PASSPHRASE_FILE)
    .option('--queue', 'wait behind the active run of the policy')
    .addOption(new Option('--supersede', 'end the runs of the policy that are under way').conflicts('queue'))
    .option('--watch', 'follow the run until it rests')
    .action(
      session.run(async (context, files: string[], flags: ApproveFlags) => {
        const { approve } = await import('./approve.js')
        return approve(context, files, flags)
      }),
    )
}

import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { RollbackOptions } from './rollback-options.js'
import type { WithdrawFlags } from './withdraw.js'
import { PASSPHRASE_FILE, PUBLIC_REASON, REASON } from '../signing-options.js'

export function registerGoingBack(program: Command, session: Session): void {
  program
    .command('rollback <id@version>')
    .description('bring an earlier version back, and wait until the bots have it')
    .option('--only', 'this policy alone, although it went live in a bundle')
    .option(...REASON)
    .option(...PUBLIC_REASON)
    .option('--sign <name>', 'whose key signs: needed for a version that no fallback names')
    .option(...PASSPHRASE_FILE)
    .action(
      session.run(async (context, subject: string, options: RollbackOptions) => {
        const { rollback } = await import('./rollback.js')
        return rollback(context, subject, options)
      }),
    )
  program
    .command('withdraw <id>')
    .description('retire a policy: nothing of it is in force any more')
    .requiredOption(...REASON)
    .option(...PUBLIC_REASON)
    .requiredOption('--sign <name>', 'whose key signs')
    .option(...PASSPHRASE_FILE)
    .action(
      session.run(async (context, id: string, flags: WithdrawFlags) => {
        const { withdraw } = await import('./withdraw.js')
        return withdraw(context, id, flags)
      }),
    )
}

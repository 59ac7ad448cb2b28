import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { ShowRosterOptions } from './show.js'
import type { SignRosterOptions } from './sign.js'
import { PASSPHRASE_FILE } from '../signing-options.js'

export function registerRoster(program: Command, session: Session): void {
  const roster = program.command('roster').description('who may approve what')
  roster
    .command('show')
    .description('the newest roster that follows from the pinned one: HMS_ROSTER, else the data folder’s')
    .option('--document', 'what the next one may start from, its version one higher')
    .action(session.run(async (context, options: ShowRosterOptions) => (await import('./show.js')).showRoster(context, options)))
  roster
    .command('propose <file>')
    .description('show what the next roster changes, and hand it over for signatures; FILE is the whole of it')
    .option('--accept-unreadable <id...>', 'policies whose live release readers may refuse once it is in force')
    .action(
      session.run(async (context, file: string, { acceptUnreadable }: { acceptUnreadable?: string[] }) =>
        (await import('./propose.js')).proposeRoster(context, file, acceptUnreadable),
      ),
    )
  roster
    .command('sign [digest-or-file]')
    .description(
      'show what the proposed roster changes, sign and submit; the last signature needed brings it into force. FILE: sign a ' +
        'roster where it lies, such as an installation’s first',
    )
    .requiredOption('--sign <name>', 'whose key signs, such as "EPA Chief"')
    .option('--out <file>', 'of FILE: where the signed roster goes; a signed one is added to where it lies')
    .option('--expect-digest <digest>', 'refuse to sign anything else')
    .option(...PASSPHRASE_FILE)
    .action(
      session.run(async (context, given: string | undefined, options: SignRosterOptions) => {
        if (given === undefined || given.startsWith('sha256:'))
          return (await import('./sign.js')).signRosterProposal(context, given, options)
        return (await import('./sign-file.js')).signRosterFile(context, given, options)
      }),
    )
}

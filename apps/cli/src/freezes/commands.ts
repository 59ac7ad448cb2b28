import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { SignedReason } from './signed-reason.js'
import { PASSPHRASE_FILE } from '../signing-options.js'

export function registerFreezes(program: Command, session: Session): void {
  const freezes = program.command('freezes').description('windows in which nothing goes forward; everything goes back')
  signed(freezes.command('add <file>').description('declare a freeze; a known id is replaced')).action(
    session.run(async (context, file: string, flags: SignedReason) => (await import('./add.js')).addFreeze(context, file, flags)),
  )
  freezes
    .command('list')
    .description('freezes, the newest first')
    .action(session.run(async (context) => (await import('./list.js')).listFreezes(context)))
  signed(freezes.command('lift <id>').description('end a freeze before its time'))
    .requiredOption('--reason <text>', 'why')
    .action(session.run(async (context, id: string, flags: SignedReason) => (await import('./lift.js')).liftFreeze(context, id, flags)))

  const stop = program.command('stop-the-line').description('the stop switch: nothing but break-glass goes forward until it is off')
  signed(stop.command('on').description('stop'))
    .requiredOption('--reason <text>', 'why')
    .action(session.run(async (context, flags: SignedReason) => (await import('./stop-the-line.js')).stopTheLine(context, flags)))
  signed(stop.command('off').description('go on'))
    .requiredOption('--reason <text>', 'why')
    .action(session.run(async (context, flags: SignedReason) => (await import('./stop-the-line.js')).releaseTheLine(context, flags)))
}

function signed(command: Command): Command {
  return command.requiredOption('--sign <name>', 'whose key signs').option(...PASSPHRASE_FILE)
}

import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { AsPerson } from './as-person.js'
import type { CreateFlags } from './create.js'
import { PASSPHRASE_FILE } from '../signing-options.js'

export function registerTokens(program: Command, session: Session): void {
  const tokens = program.command('tokens').description('keys for programs: what HMS_TOKEN holds')
  asPerson(tokens.command('create'))
    .description('make a key; it is printed this once, alone on stdout')
    .requiredOption('--scope <scope...>', 'what it may do: operate, read, bot:ID or partner:ID')
    .option('--region <name>', 'where the bot is that holds the key; it speaks for no other region')
    .option('--name <text>', 'what it is for')
    .option('--expires <duration>', 'from now on, such as 90d or 12h; a year without it, two at most')
    .action(session.run(async (context, flags: CreateFlags) => (await import('./create.js')).createToken(context, flags)))
  asPerson(tokens.command('list'))
    .description('keys without their secrets, the newest first; revoked and expired ones too')
    .action(session.run(async (context, flags: AsPerson) => (await import('./list.js')).listTokens(context, flags)))
  asPerson(tokens.command('revoke <id>'))
    .description('take a key back, wherever it is used; what it has open is closed')
    .action(session.run(async (context, id: string, flags: AsPerson) => (await import('./revoke.js')).revokeToken(context, id, flags)))
}

function asPerson(command: Command): Command {
  return command
    .option('--sign <name>', 'whose key signs the request, such as "EPA Chief"; with dev the operator key of the data folder without it')
    .option(...PASSPHRASE_FILE)
}

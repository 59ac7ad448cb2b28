import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { CreateOptions } from './create.js'
import { PASSPHRASE_FILE } from '../signing-options.js'

export function registerKeys(program: Command, session: Session): void {
  const keys = program.command('keys').description('signing keys of people on this machine')
  keys
    .command('create')
    .description('make a key')
    .requiredOption('--name <name>', 'whose it is, such as "EPA Chief"')
    .option(...PASSPHRASE_FILE)
    .option(
      '--agent [key]',
      'note a dedicated key that the ssh-agent holds instead: the one of this fingerprint or comment, or of that name',
    )
    .action(
      session.run(async (context, options: CreateOptions) => {
        const { createKey } = await import('./create.js')
        return createKey(context, options)
      }),
    )
  keys
    .command('list')
    .description('keys in the key folder')
    .action(session.run(async (context) => (await import('./list.js')).listKeys(context)))
  keys
    .command('export <name>')
    .description('the public half, for a roster')
    .action(session.run(async (context, name: string) => (await import('./export.js')).exportKey(context, name)))
}

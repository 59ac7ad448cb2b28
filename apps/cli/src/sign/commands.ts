import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { SignOptions } from './sign.js'
import { PASSPHRASE_FILE } from '../signing-options.js'

export function registerSign(program: Command, session: Session): void {
  program
    .command('sign <file>')
    .description('sign a statement that lies in a file, and print the envelope; sends nothing')
    .requiredOption('--sign <name>', 'whose key signs, such as "EPA Chief"')
    .option('--expect-digest <digest>', 'refuse to sign anything else')
    .option(...PASSPHRASE_FILE)
    .action(
      session.run(async (context, file: string, options: SignOptions) =>
        (await import('./sign.js')).signStatementFile(context, file, options),
      ),
    )
}

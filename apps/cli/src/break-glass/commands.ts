import type { Command } from 'commander'
import type { Session } from '../session.js'
import type { BreakGlassFlags } from './break-glass.js'

/** Collects the values of a repeated flag. */
const collect = (value: string, before: string[] = []): string[] => [...before, value]

export function registerBreakGlass(program: Command, session: Session): void {
  program
    .command('break-glass [files...]')
    .usage('<files...> --sign <name> --sign <name> --reason <text> [options]')
    .description('two people together go past simulation, canary, freezes and waiting; reviewed within a day')
    .requiredOption('--sign <name>', 'whose key signs; give it once for each of them', collect)
    .requiredOption('--reason <text>', 'why; it is signed, and bots can read it')
    .option('--author <name>', 'who wrote it; else its owner')
    .option('--expect-digest <digest>', 'refuse to sign anything else')
    .option('--passphrase-file <file>', 'file that holds the passphrase (HMS_KEY_PASSPHRASE); once for all, or for each --sign', collect)
    .option('--watch', 'follow the run until it rests')
    .action(
      session.run(async (context, files: string[], flags: BreakGlassFlags) => {
        const { breakGlass } = await import('./break-glass.js')
        return breakGlass(context, files, flags)
      }),
    )
}

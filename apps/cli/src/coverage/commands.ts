import type { Command } from 'commander'
import type { Session } from '../session.js'

export function registerCoverage(program: Command, session: Session): void {
  program
    .command('coverage [id]')
    .description('who runs what: connected bots by region and version, the silent by name; without a policy all in short')
    .action(
      session.run(async (context, policy: string | undefined) => {
        const { listCoverage, showCoverage } = await import('./coverage.js')
        return policy === undefined ? listCoverage(context) : showCoverage(context, policy)
      }),
    )
}

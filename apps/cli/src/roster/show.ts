import { EXIT, peekPredicate } from '#libs/contracts'
import type { RosterPredicate } from '#libs/signing'
import type { CliContext } from '../context.js'
import { describeRoster } from './describe-roster.js'
import { newestRoster } from './newest-roster.js'

export interface ShowRosterOptions {
  document?: boolean
}

/** Shows who may approve what. With --json the signed statement itself; with --document its content, as a start for the next one. */
export async function showRoster(context: CliContext, { document }: ShowRosterOptions): Promise<number> {
  const roster = await newestRoster(context)
  if (document === true) {
    const next = { ...peekPredicate<RosterPredicate>(roster.envelope), version: roster.version + 1, installation: roster.installation }
    context.output.data(next, () => JSON.stringify(next, null, 2).split('\n'))
  } else context.output.data(roster.envelope, () => describeRoster(roster))
  return EXIT.done
}

import { EXIT, peekPredicate } from '#libs/contracts'
import type { Roster, RosterPredicate } from '#libs/signing'
import { describeRules } from '../audit/describe-rules.js'
import type { CliContext } from '../context.js'
import { describeMatch } from './describe-difference.js'
import { newestRoster } from './newest-roster.js'

export interface ShowRosterOptions {
  document?: boolean
}

/** Who may approve what. With --json the signed statement itself; with --document what it says, as the next one may start from. */
export async function showRoster(context: CliContext, { document }: ShowRosterOptions): Promise<number> {
  const roster = await newestRoster(context)
  if (document === true) {
    const next = { ...peekPredicate<RosterPredicate>(roster.envelope), version: roster.version + 1 }
    context.output.data(next, () => [JSON.stringify(next, null, 2)])
  } else context.output.data(roster.envelope, () => linesOf(roster))
  return EXIT.done
}

function linesOf(roster: Roster): string[] {
  const nameOf = (id: string): string => roster.principals.get(id)?.name ?? id
  const roles = roster.roles
    .filter(({ match }) => match.service === undefined)
    .flatMap(({ name, threshold, principals, match, bounds, soleOfficial }) => [
      `  ${name.padEnd(12)} ${threshold} of ${principals.length} for ${describeMatch(match)}: ${principals.map(nameOf).join(', ')}`,
      ...describeRules({ bounds, soleOfficial }).map((rule) => `  ${''.padEnd(12)} ${rule}`),
    ])
  return [
    `Roster ${roster.version} (${roster.profile}), valid until ${roster.expires}, ${roster.digest}`,
    ...roles,
    ...describeRules(roster.rules).map((rule) => `  ${rule}`),
    ...roster.revocations.map(({ keyid, since, reason }) => `  revoked ${keyid} since ${since}: ${reason}`),
    roster.logPolicy === undefined ? '  no transparency log' : `  log ${roster.logPolicy.log.name}, ${roster.logPolicy.quorum} of ${roster.logPolicy.witnesses.length} witnesses`,
  ]
}

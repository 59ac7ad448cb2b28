import { peekPredicate } from '#libs/contracts'
import type { Roster, RosterPredicate } from '#libs/signing'
import type { CliContext } from '../context.js'
import { describeEarlierRole, describeMatch } from './describe-difference.js'
import { describeRules } from './describe-rules.js'
import { newestRoster } from './rosters-here.js'

/** Shows who may approve what. With --json the signed statement itself; with --document its content, as a start for the next one. */
export async function showRoster(context: CliContext, { document }: { document?: boolean }): Promise<void> {
  const roster = await newestRoster(context)
  if (document === true) {
    const next = { ...peekPredicate<RosterPredicate>(roster.envelope), version: roster.version + 1, installation: roster.installation }
    context.output.data(next, () => JSON.stringify(next, null, 2).split('\n'))
  } else context.output.data(roster.envelope, () => describeRoster(roster))
}

/** Describes who may approve what, in words. */
export function describeRoster(roster: Roster): string[] {
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
    ...roster.earlierRoles.map((entry) => `  ${describeEarlierRole(entry, nameOf)}`),
    ...roster.revocations.map(({ keyid, since, reason }) => `  revoked ${keyid} since ${since}: ${reason}`),
    roster.logPolicy === undefined
      ? '  no transparency log'
      : `  log ${roster.logPolicy.log.name}, ${roster.logPolicy.quorum} of ${roster.logPolicy.witnesses.length} witnesses`,
    ...roster.logPolicies
      .slice(1)
      .map(({ log, until }) => `  log ${log.name} with the key ${log.id}: what was witnessed before ${new Date(until!).toISOString()}`),
  ]
}

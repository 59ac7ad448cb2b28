import { peekPredicate } from '#libs/contracts'
import type { Roster, RosterPredicate } from '#libs/signing'
import type { CliContext } from '../context.js'
import { describeEarlierRole, describeRole } from './describe-difference.js'
import { newestRoster } from './rosters-here.js'

/** Shows who may approve what. --json: the signed statement; --document: its content with the next version, as a draft to edit. */
export async function showRoster(context: CliContext, { document }: { document?: boolean }): Promise<void> {
  const roster = await newestRoster(context)
  if (document === true) {
    const next = { ...peekPredicate<RosterPredicate>(roster.envelope), version: roster.version + 1, installation: roster.installation }
    context.output.data(next, () => JSON.stringify(next, null, 2).split('\n'))
  } else context.output.data(roster.envelope, () => describeRoster(roster))
}

export function describeRoster(roster: Roster): string[] {
  const nameOf = (id: string): string => roster.nameOf(id)
  const roles = roster.roles
    .filter(({ match }) => match.service === undefined)
    .flatMap((role) => [
      `  ${role.name.padEnd(12)} ${describeRole(role, nameOf)}`,
      ...describeRules({ bounds: role.bounds, soleOfficial: role.soleOfficial }).map((rule) => `  ${''.padEnd(12)} ${rule}`),
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

/** Describes the rules of a roster, or of one of its roles, for plans and authors; one line per rule. */
export function describeRules({
  bounds = {},
  soleOfficial,
  authorSigns,
}: Partial<Pick<RosterPredicate, 'bounds' | 'soleOfficial' | 'authorSigns'>>): string[] {
  const { minObserveMs, minBakeMs, maxShare, requireEvidence, requirePower } = bounds
  const plan = [
    minObserveMs === undefined ? '' : `observe at least ${minObserveMs / 1000} s`,
    minBakeMs === undefined ? '' : `bake at least ${minBakeMs / 1000} s`,
    maxShare === undefined ? '' : `canary at most ${maxShare / 100}%`,
    requireEvidence === true ? 'not without evidence' : '',
    requirePower === true ? 'not on low power' : '',
  ].filter((part) => part !== '')
  return [
    ...(plan.length === 0 ? [] : [`plans: ${plan.join(', ')}`]),
    ...(soleOfficial === true ? ['sole official: the author may be the one who approves, where one is enough'] : []),
    ...(authorSigns === undefined ? [] : [`the author ${authorSigns ? 'must sign' : 'need not sign'} their own release`]),
  ]
}

import { MAX_SILENT, type CoverageReport, type ScopeCoverage } from '#libs/contracts'

/** Reason of a pause: not enough bots acknowledged the release in time. */
export const ACK_TIMEOUT = 'ACK_TIMEOUT'

export type Acknowledgements = Pick<ScopeCoverage, 'expected' | 'acknowledged' | 'silent'>

/** Applies coverage reports on one scope to the members. Ignores reports about earlier heads. `merge` merges a report into a member. */
export function applyCoverageReports<M extends Acknowledgements & { policy: string; seq: number }>(
  members: readonly M[],
  scope: string,
  reports: readonly CoverageReport[],
  merge: (member: M, coverage: ScopeCoverage) => M = mergeCoverage,
): M[] {
  const numbers = new Map(reports.map(({ policy, scopes }) => [policy, scopes.find((each) => each.scope === scope)]))
  return members.map((member) => {
    const coverage = numbers.get(member.policy)
    return coverage?.seq === member.seq ? merge(member, coverage) : member
  })
}

export function mergeCoverage<M extends Acknowledgements>(member: M, { expected, acknowledged, silent }: ScopeCoverage): M {
  return { ...member, expected, acknowledged, silent }
}

/** Returns `ACK_TIMEOUT: 3 of 5 bots acknowledged; silent: a, b`: numbers of the policy with most silent bots, names of all policies. */
export function describeSilence(members: readonly Acknowledgements[]): string {
  const worst = members.reduce((most, member) =>
    member.expected - member.acknowledged > most.expected - most.acknowledged ? member : most,
  )
  const { expected, acknowledged } = worst
  const names = [...new Set(members.flatMap(({ silent }) => silent))].sort().slice(0, MAX_SILENT)
  const more = expected - acknowledged - names.length
  const silent = [...names, ...(more > 0 ? [`${more} more`] : [])].join(', ')
  return `${ACK_TIMEOUT}: ${acknowledged} of ${expected} ${expected === 1 ? 'bot' : 'bots'} acknowledged; silent: ${silent}`
}

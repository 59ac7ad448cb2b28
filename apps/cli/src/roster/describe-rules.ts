import type { RosterPredicate } from '#libs/signing'

/** Describes the rules of a roster, or of one of its roles, for plans and authors; a line each. */
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

/** What a verdict on a canary rests on: evidence of its own, and alerts of its own. Same form as `GUARDS`. */
export const CANARY_GUARDS = [
  {
    name: 'verdict-finite',
    guard: 'evidence is a number, however many alerts the control group has beside a quiet cohort',
    file: 'libs/pipeline/src/canary/statistics/two-arms.ts',
    find: '(lnSkewEvidence({ canary, total, share }, prior) + lnAfter - lnBefore)',
    replace: '(lnSkewEvidence({ canary, total, share }, prior)) * Math.exp(lnAfter - lnBefore)',
    spec: 'libs/pipeline/src/canary/statistics/two-arms.spec.ts',
    test: 'is at most 1 for every share, as each likelihood ratio in it is',
  },
  {
    name: 'one-share-of-a-bundle',
    guard: 'where the share of one member grows, that of all of the bundle does',
    file: 'libs/pipeline/src/canary/decide.ts',
    find: 'if (before.cohortKey === undefined || members.every(',
    replace: 'if (before.run > 0 || members.every(',
    spec: 'libs/pipeline/src/canary/evidence.spec.ts',
    test: 'when nobody falls below the share of one policy, then that of all grows, and their heads go out together',
  },
  {
    name: 'evidence-of-each-policy',
    guard: 'bots of one policy of a bundle are no evidence for another',
    file: 'libs/pipeline/src/canary/canary.ts',
    find: 'if (unheard.length === 0) return undefined',
    replace: 'if (unheard.length < numbers.length) return undefined',
    spec: 'libs/pipeline/src/canary/evidence.spec.ts',
    test: 'when nobody connected with one of its policies, then bots of the other are no evidence: it names that one',
  },
  {
    name: 'evidence-of-each-step',
    guard: 'bots of an earlier step in another region are no evidence for this one',
    file: 'libs/pipeline/src/canary/members.ts',
    find: 'headsOf(canary).filter(({ scope }) => scopesOverlap(scope, canary.scope))',
    replace: 'headsOf(canary)',
    spec: 'libs/pipeline/src/canary/evidence.spec.ts',
    test: 'when nobody is connected there, then bots of the first region are no evidence: it pauses and names the second',
  },
]

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
]

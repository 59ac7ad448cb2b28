/** What keeps the steps of a canary apart, and its cohort growing. */
export const RAMP_GUARDS = [
  {
    name: 'ramp-promote-signed',
    guard: 'a stage is told when a decision was signed',
    without: 'isSame ? {} : $3',
    spec: 'test/scenarios/ramp.spec.ts',
    test: 'that was signed in an earlier step passes no later one',
  },
  {
    name: 'ramp-bounds',
    guard: 'a verifier holds the share of each step against the roster',
    without: '[share, ]',
    spec: 'test/attacks/approvals.spec.ts',
    test: 'is not made by a ramp that comes to too large a canary',
  },
]

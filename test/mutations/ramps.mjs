/** Guards of the steps of a canary ramp. Same form as `GUARDS`. */
export const RAMP_GUARDS = [
  {
    name: 'ramp-promote-signed',
    guard: 'a promotion signed in an earlier step does not apply to a later step',
    without: 'isSame ? {} : $3',
    spec: 'test/scenarios/ramp.spec.ts',
    test: 'that was signed in an earlier step passes no later one',
  },
  {
    name: 'ramp-bounds',
    guard: 'the offline verifier checks the share of each ramp step against the roster',
    without: '[share, ]',
    spec: 'test/attacks/approvals.spec.ts',
    test: 'is not made by a ramp that comes to too large a canary',
  },
]

/** What keeps canaries of one region apart. */
export const REGION_GUARDS = [
  {
    name: 'region-before-canary',
    guard: 'no first head of a canary while another has the region',
    file: 'libs/pipeline/src/canary/moves.ts',
    find: "  if (behind !== undefined) return { state: { ...canary, state: 'waiting' }, effects: [delayedBehind(canary, behind)] }\n",
    replace: '',
    spec: 'test/scenarios/regions.spec.ts',
    test: 'lets the second wait until the first is over, whatever its policy, and says for whom',
  },
  {
    name: 'region-let-go',
    guard: 'a canary that is over tells those that wait for its region',
    file: 'libs/pipeline/src/canary/decide.ts',
    find: 'claimsRegions(canary) && !claimsRegions(state) ?',
    replace: 'claimsRegions(canary) && canary.run < 0 ?',
    spec: 'test/scenarios/regions.spec.ts',
    test: 'goes to the next when the first is aborted, and a canary that waits can be aborted',
  },
  {
    name: 'region-turns',
    guard: 'those that wait for a region get it by their numbers',
    file: 'libs/pipeline/src/canary/region-turn.ts',
    find: "other.state !== 'waiting' || other.run < canary.run",
    replace: "other.state !== 'waiting'",
    spec: 'test/scenarios/regions.spec.ts',
    test: 'gives a canary of all regions its turn before those that come after it',
  },
  {
    name: 'all-regions-overlap',
    guard: 'a canary of all regions conflicts with each region',
    file: 'libs/policy/src/cohort/bucket.ts',
    find: "return scope === 'global' || scope === ALL_REGIONS",
    replace: "return scope === 'global'",
    spec: 'libs/policy/src/cohort/cohort.spec.ts',
    test: 'knows all regions as a scope of its own, which is not that of the stable head and covers every reader',
  },
]

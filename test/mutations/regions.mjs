/** Guards of runs that wait for the region of another canary, or for a freeze. Same form as `GUARDS`. */
export const REGION_GUARDS = [
  {
    name: 'region-in-a-long-bake',
    guard: 'a run that waits for a region does not time out while another run bakes there',
    without: "{ open: 'yes', state: ['CANARY', 'ROLLING_OUT', 'PAUSED', 'WAITING'] }",
    spec: 'test/scenarios/regions.spec.ts',
    test: 'lets the second wait until the first has baked, so that an alert without a policy counts in one of them',
  },
  {
    name: 'region-free-run-fails',
    guard: 'a run that waits for a free region fails at its deadline',
    without: ['return isRegionTaken(tx, record)', 'return true'],
    spec: 'test/scenarios/stuck.spec.ts',
    test: 'for its region: it fails once the run that had it is long over',
  },
  {
    name: 'region-turn-of-others',
    guard: 'a run waits for its region while any run has it or is ahead in the queue',
    without: ['facts.run !== run', 'facts.run === record.facts.stages.canary?.behind'],
    spec: 'test/scenarios/stuck.spec.ts',
    test: 'for its turn in a region: it waits for as long as others have theirs before it, whomever it waited for first',
  },
  {
    name: 'region-under-freeze',
    guard: 'a run that a freeze stops after its first head still has its region',
    without: '$1 || $2',
    spec: 'test/scenarios/stuck.spec.ts',
    test: 'for its region, behind a ramp that does not grow into a region while that is frozen: it waits for as long as the freeze lasts',
  },
  {
    name: 'frozen-has-no-region',
    guard: 'a run that a freeze stops before its first head has no region',
    without: "$1 || $2 || (canary?.waits === 'FREEZE' )",
    spec: 'test/scenarios/stuck.spec.ts',
    test: 'for its region, which no run has: it fails, though a freeze keeps another from its first head there',
  },
  {
    name: 'freeze-waits-for-nothing',
    guard: 'a run that waits for the end of a freeze does not time out during the freeze',
    without: '$1 === null && false',
    spec: 'test/scenarios/stuck.spec.ts',
    test: 'for a freeze: it fails once the freeze is long over, and not before',
  },
]

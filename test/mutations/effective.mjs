/** A rule that takes effect later: what waits for its time, and who is told. */
export const EFFECTIVE_GUARDS = [
  {
    name: 'effective-reported-at-its-time',
    guard: 'config-store says how far the bots are after the time of a rule, as it does after a head',
    without: '$1',
    spec: 'test/scenarios/effective-later.spec.ts',
    test: 'is heard to be in force when no head was published for an hour',
  },
  {
    name: 'partners-of-an-ended-run',
    guard: 'nobody is told ahead of a run that has ended',
    without: '{ fresh: freshOf(dossier, cause), dossier, cause }',
    spec: 'apps/notifier/src/notifications/notify-partners.spec.ts',
    test: 'notifies partners of the version in force when it is reverted, and of no run that has already ended',
  },
  {
    name: 'extended-deadline',
    guard: 'the deadline of a run counts from the end of what people extended',
    without: '$1',
    spec: 'test/regressions/extended-beyond-its-deadline.spec.ts',
    test: 'a run that people extended in CANARY goes on until then',
  },
  {
    name: 'effective-superseded-whole',
    guard: 'nobody asks for the end of a bundle of which one policy is in force',
    without: 'isSupersedable(facts, startTimesOf(releases, tx.now).size > 0)',
    spec: 'test/scenarios/supersede-held.spec.ts',
    test: 'follows a bundle of which another policy is in force already',
  },
  {
    name: 'effective-superseded-follows-live',
    guard: 'what supersedes a rule that readers hold follows what is in force',
    without: 'isOfRun && releases.length === 0 ? rest : policy',
    spec: 'test/scenarios/supersede-held.spec.ts',
    test: 'and takes effect after it: takes it back from all, follows what is in force, and shows its signers the difference to that',
  },
  {
    name: 'effective-superseded-not-stale',
    guard: 'what is to supersede a rule that readers hold is not stale while it waits for signatures',
    without: 'followsLive($1, policy)',
    spec: 'test/scenarios/supersede-held.spec.ts',
    test: 'leaves it held until the last of its own signatures',
  },
]

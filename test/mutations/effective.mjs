/** Guards of held releases, which wait for their effective time, and of notices about them. Same form as `GUARDS`. */
export const EFFECTIVE_GUARDS = [
  {
    name: 'effective-reported-at-its-time',
    guard: 'config-store reports coverage after the effective time of a policy, as after a new head',
    without: '$1',
    spec: 'test/scenarios/effective-later.spec.ts',
    test: 'is reported in force when no head was published for an hour',
  },
  {
    name: 'partners-of-an-ended-run',
    guard: 'notifier sends no advance notice of a run that has ended',
    without: '{ fresh: freshOf(dossier, cause), dossier, cause }',
    spec: 'apps/notifier/src/notifications/notify-partners.spec.ts',
    test: 'notifies partners of the version in force when it is reverted, and of no run that has already ended',
  },
  {
    name: 'extended-deadline',
    guard: 'the deadline of a run counts from the end of an extension by people',
    without: '$1',
    spec: 'test/regressions/extended-beyond-its-deadline.spec.ts',
    test: 'a run that people extended in CANARY continues until then',
  },
  {
    name: 'effective-superseded-whole',
    guard: 'a rollout cannot be superseded once one policy of its bundle is in force',
    without: 'isSupersedable(facts, startTimesOf(releases, tx.now).size > 0)',
    spec: 'test/scenarios/supersede-held.spec.ts',
    test: 'follows a bundle of which another policy is in force already',
  },
  {
    name: 'effective-superseded-follows-live',
    guard: 'a release that supersedes a held release follows the release in force',
    without: 'isOfRun && releases.length === 0 ? rest : policy',
    spec: 'test/scenarios/supersede-held.spec.ts',
    test: 'and takes effect after it: takes it back from all, follows what is in force, and shows its signers the difference to that',
  },
  {
    name: 'effective-superseded-not-stale',
    guard: 'a release that supersedes a held release does not become stale while it waits for signatures',
    without: 'followsLive($1, policy)',
    spec: 'test/scenarios/supersede-held.spec.ts',
    test: 'leaves it held until the last of its own signatures',
  },
]

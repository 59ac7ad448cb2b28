/** What holds a run back while a freeze lasts, and what counts as one. */
export const FREEZE_GUARDS = [
  {
    name: 'freeze-before-proof',
    guard: 'a proof brings no first head in a freeze that has just begun',
    without: 'canary.frozen',
    spec: 'test/scenarios/log-before-publish.spec.ts',
    test: 'is shown to nobody where its proof comes in a freeze that has just begun',
  },
  {
    name: 'freeze-before-rollout',
    guard: 'no stable head during a freeze of any region',
    without: '$1 || $3',
    spec: 'test/scenarios/freezes.spec.ts',
    test: 'that begins after the canary has passed holds back what would go to everybody',
  },
  {
    name: 'lift-of-this-declaration',
    guard: 'a lift counts for the declaration that it names',
    without: '',
    spec: 'test/scenarios/freezes.spec.ts',
    test: 'cannot be lifted by what lifted the one before it',
  },
  {
    name: 'freeze-signed',
    guard: 'a stage believes the person who signed a freeze, not approver',
    without: '',
    spec: 'test/attacks/freezes.spec.ts',
    test: 'is believed by a stage for its signature alone, whatever approver says: one with the signature of another freeze holds nothing back',
  },
  {
    name: 'freeze-counts-once',
    guard: 'a declaration that another replaced does not count again',
    without: '',
    spec: 'test/attacks/freezes.spec.ts',
    test: 'an older statement does not replace a newer one',
  },
  {
    name: 'freeze-forgotten-early',
    guard: 'a declaration is remembered for as long as its statement would count',
    without: 'declarations.insert({ id: digest, person: person.id, expiresAt: tx.now.toISOString() })',
    spec: 'test/attacks/freezes.spec.ts',
    test: 'does not come back after another was declared and lifted',
  },
  {
    name: 'freeze-names-installation',
    guard: 'a statement about a freeze names an installation',
    without: '',
    spec: 'test/attacks/freezes.spec.ts',
    test: 'is refused of a person, for no installation',
  },
  {
    name: 'freezes-of-one-person',
    guard: 'nobody uses up the stop switch of the others',
    without: '(await declarations.count()) >= $2',
    spec: 'test/attacks/freezes.spec.ts',
    test: 'is declared by one person so often that the others still can',
  },
]

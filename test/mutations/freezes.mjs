/** Guards of freezes: what a freeze blocks, and which statements are valid. Same form as `GUARDS`. */
export const FREEZE_GUARDS = [
  {
    name: 'freeze-before-proof',
    guard: 'a canary whose proof arrives during a freeze publishes no first head',
    without: 'canary.frozen',
    spec: 'test/scenarios/log-before-publish.spec.ts',
    test: 'is not published when its proof arrives in a freeze that has just begun',
  },
  {
    name: 'freeze-before-rollout',
    guard: 'rollout issues no stable head during a freeze of any region',
    without: '$1 || $3',
    spec: 'test/scenarios/freezes.spec.ts',
    test: 'that begins after the canary has passed blocks the rollout to all readers',
  },
  {
    name: 'lift-of-this-declaration',
    guard: 'a lift applies only to the declaration that it names',
    without: '',
    spec: 'test/scenarios/freezes.spec.ts',
    test: 'cannot be lifted by what lifted the one before it',
  },
  {
    name: 'freeze-signed',
    guard: 'a stage accepts a freeze only with the signature of the person that declared it',
    without: '',
    spec: 'test/attacks/freezes.spec.ts',
    test: 'takes effect by its signature alone, whatever approver publishes: one with the signature of another freeze blocks nothing',
  },
  {
    name: 'freeze-counts-once',
    guard: 'a declaration that another one replaced is not accepted again',
    without: '',
    spec: 'test/attacks/freezes.spec.ts',
    test: 'an older statement does not replace a newer one',
  },
  {
    name: 'freeze-forgotten-early',
    guard: 'a declaration is remembered until its statement expires',
    without: 'declarations.insert({ id: digest, person: person.id, expiresAt: tx.now.toISOString() })',
    spec: 'test/attacks/freezes.spec.ts',
    test: 'does not come back after another was declared and lifted',
  },
  {
    name: 'freeze-names-installation',
    guard: 'a freeze statement without an installation is refused',
    without: '',
    spec: 'test/attacks/freezes.spec.ts',
    test: 'is refused: a person, for no installation',
  },
  {
    name: 'freezes-of-one-person',
    guard: 'the limit of declarations applies to each person separately',
    without: '(await declarations.count()) >= $2',
    spec: 'test/attacks/freezes.spec.ts',
    test: 'is declared by one person so often that the others still can',
  },
]

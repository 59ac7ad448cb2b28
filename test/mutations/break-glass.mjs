/** Guards of break-glass, which skips simulation and canary, and of its review. Same form as `GUARDS`. */
const JUDGE = 'apps/rollout/src/rollouts/judge-break-glass.ts'
const MOVED = 'apps/rollout/src/stable/stable.table.ts'
const JUDGED = 'apps/rollout/src/rollouts/judge-break-glass.spec.ts'
const SIGN = 'apps/approver/src/break-glass/sign-break-glass.ts'
const STORY = 'test/scenarios/break-glass.spec.ts'

export const BREAK_GLASS_GUARDS = [
  {
    name: 'break-glass-after-stop',
    guard: 'a break-glass run that the stop switch blocked is judged again when the switch is lifted',
    without: 'rollout.breakGlass === $3 ? $2 : $3',
    spec: 'test/scenarios/break-glass.spec.ts',
    test: 'are judged again where an earlier version held them by the stop switch for longer than what they signed is good for',
  },
  {
    name: 'break-glass-locked-decides',
    guard: 'a person with an overdue break-glass review cannot sign a decision that advances a run',
    without: '',
    spec: 'test/scenarios/break-glass.spec.ts',
    test: 'locks only its signers when it is overdue, and no rollback',
  },
  {
    name: 'break-glass-together',
    guard: 'the signatures of break-glass are accepted only together',
    without: '',
    spec: STORY,
    test: 'by one after the other',
  },
  {
    name: 'break-glass-not-made-of-approvals',
    guard: 'an ordinary approval cannot be signed as break-glass',
    without: '',
    spec: STORY,
    test: 'by an ordinary approval that two sign',
  },
  {
    name: 'break-glass-client-mismatch',
    guard: 'a client that requested an ordinary approval does not sign break-glass',
    without: '$1 !== $2 && releases.length === 0',
    spec: 'libs/client/src/approve/approve.spec.ts',
    test: 'is not signed when the service prepared break-glass',
  },
  {
    name: 'break-glass-no-simulation',
    guard: 'simulator ignores break-glass runs',
    without: '',
    spec: STORY,
    test: 'open a review that is due within a day, whatever the outcome of the run, and the log has it',
  },
  {
    name: 'break-glass-only-from-lint',
    guard: 'only a break-glass run goes from lint to rollout',
    without: '',
    spec: STORY,
    test: 'take the place of the canary under way as soon as lint has passed',
  },
  {
    name: 'break-glass-ends-canaries-first',
    guard: 'break-glass ends the canary of an older run before config-store stores the new heads',
    without: '',
    spec: 'test/regressions/break-glass-beside-a-canary.spec.ts',
    test: 'break-glass ends the older run once lint has passed, before a reader has its heads',
  },
  {
    name: 'break-glass-not-overtaken-by-a-canary',
    guard: 'config-store does not store a canary head whose base stable has replaced',
    without: 'false',
    spec: 'test/regressions/break-glass-beside-a-canary.spec.ts',
    test: 'break-glass ends an older run’s canary and counts its own bots, where canary-controller is not notified and renews its lease',
  },
  {
    name: 'break-glass-lint-first',
    guard: 'a break-glass run that lint refuses ends no other run',
    without: 'true',
    spec: STORY,
    test: 'that lint refuses; the run under way continues, and the review stays',
  },
  {
    name: 'break-glass-locks',
    guard: 'a person with an overdue break-glass review cannot approve a release',
    without: '',
    spec: STORY,
    test: 'locks only its signers when it is overdue, and no rollback',
  },
  {
    name: 'break-glass-locks-again',
    guard: 'a person with an overdue break-glass review cannot sign another break-glass',
    without: '',
    spec: STORY,
    test: 'locks only its signers when it is overdue, and no rollback',
  },
  {
    name: 'break-glass-locks-declaration',
    guard: 'a person with an overdue break-glass review cannot shorten or narrow a freeze by redeclaring it',
    without: "$1 && known.id === ''",
    spec: STORY,
    test: 'keeps locked people from redeclaring a freeze so that it ends or blocks less, and lets them stop the line',
  },
  {
    name: 'break-glass-way-back',
    guard: 'a person with an overdue break-glass review can still sign a rollback',
    without: 'true',
    spec: STORY,
    test: 'locks only its signers when it is overdue, and no rollback',
  },
]

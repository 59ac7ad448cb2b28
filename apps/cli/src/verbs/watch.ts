import { RUN_DECISIONS, type RunDecisionName } from '#libs/contracts'
import { AS_READER, GET, REPORT, ROLLBACK, RUNS, SIGNED_DECISION, WATCH_POLICIES, needed } from './options.js'
import { area, under, verb } from './verb.js'

const DECISIONS: Record<RunDecisionName, { about: string; example: string }> = {
  pause: { about: 'pause a run in its canary, rollout or bake until it is resumed', example: '--reason "waiting for the lab"' },
  resume: { about: 'let a paused run ask its bots again', example: '--reason "lab agrees"' },
  promote: {
    about: 'let a run proceed before its observation or bake ends, or a paused one without the missing evidence',
    example: '--reason "seen enough"',
  },
  extend: { about: 'observe or bake for longer', example: '--by 10m --reason "few readings"' },
  retry: { about: 'restart a paused run from lint, without its measurements', example: '--reason "bots are back"' },
  abort: { about: 'end a run; what it published is rolled back', example: '--reason "wrong file"' },
}

const BY = { '--by <duration>': needed('how much longer, such as 10m') } as const

const decisions = RUN_DECISIONS.map((decision) =>
  verb(`${decision} <number>`, DECISIONS[decision].about, {
    options: { ...SIGNED_DECISION, ...(decision === 'extend' ? BY : {}) },
    examples: [`184 ${DECISIONS[decision].example} --sign "EPA Chief"`],
    complete: 'run',
    run: async () => (await import('../runs/runs.js')).deciding(decision),
  }),
)

export const WATCH = under('Watch', [
  area('runs', 'runs of the pipeline: state and timeline', [
    verb('list', 'runs, the newest first; 100 by default', { options: RUNS, run: async () => (await import('../runs/runs.js')).listRuns }),
    verb('show <number>', 'one run, stage by stage', {
      examples: ['184'],
      complete: 'run',
      run: async () => (await import('../runs/runs.js')).showRun,
    }),
    verb('watch <number>', 'follow a run until it ends or pauses; the exit code says which', {
      examples: ['184 --timeout 30m'],
      complete: 'run',
      run: async () => (await import('../runs/watch.js')).watchRun,
    }),
    ...decisions,
  ]),
  area('simulations', 'results of the replay that each run does', [
    verb('show <run>', 'what the replay of a run found, bot by bot', {
      options: REPORT,
      examples: ['184', '184 --report impact.html'],
      complete: 'run',
      run: async () => (await import('../simulations/simulations.js')).showSimulation,
    }),
  ]),
  verb('get <id[.field]>', 'the policy in force, or one value of it', {
    options: GET,
    examples: [
      'epa-pm25-limit',
      'epa-pm25-limit.limit',
      'epa-pm25-limit --region NCR --bot inspector-7',
      'epa-pm25-limit --at 2026-03-01T00:00:00Z',
      'epa-pm25-limit --version 1.5.0 --json',
    ],
    complete: 'policy',
    run: async () => (await import('../policies/get.js')).getPolicyValue,
  }),
  verb('history <id>', 'every version of a policy that was in force: run, signers, from and until', {
    options: { '--limit <number>': 'number of versions, the newest first; default: all' },
    examples: ['epa-pm25-limit', 'epa-pm25-limit --limit 5 --json'],
    complete: 'policy',
    run: async () => (await import('../policies/history.js')).showHistory,
  }),
  area('policies', 'policies in force', [
    verb('list', 'what is in force, since when, and who approved it', {
      options: AS_READER,
      examples: ['', '--region NCR --json'],
      run: async () => (await import('../policies/policies.js')).listPolicies,
    }),
    verb('restore <id>', 'repair a policy whose stored document does not verify: restore database and state topic from signed documents', {
      options: { '--reason <text>': 'why, for the log of config-store' },
      examples: ['epa-pm25-limit'],
      complete: 'policy',
      run: async () => (await import('../policies/policies.js')).restorePolicy,
    }),
  ]),
  verb(
    'watch <ids...>',
    'what is in force, and each change as it comes, until Ctrl-C (exit 130); --timeout limits the wait for a first version: exit 4 ' +
      'if there is none, 11 if no server responds',
    {
      options: WATCH_POLICIES,
      examples: ['epa-pm25-limit', 'epa-pm25-limit --exec ./reload-nginx'],
      complete: 'policy',
      run: async () => (await import('../watch/watch-policies.js')).watchPolicies,
    },
  ),
  verb('coverage [id]', 'who runs what: connected bots by region and version, silent ones by name; without ID a summary of all policies', {
    examples: ['', 'epa-pm25-limit --json'],
    complete: 'policy',
    run: async () => (await import('../coverage/coverage.js')).coverage,
  }),
])

export const UNDO = under('Undo', [
  verb('rollback <id@version>', 'bring an earlier version back, and wait until the bots have it', {
    options: ROLLBACK,
    examples: ['epa-pm25-limit@1.5.0', 'epa-pm25-limit@1.2.0 --reason "1.5.0 was wrong, too" --sign "EPA Chief"'],
    complete: 'version',
    run: async () => (await import('../rollback/rollback.js')).rollback,
  }),
  verb('withdraw <id>', 'retire a policy: nothing of it is in force any more', {
    options: SIGNED_DECISION,
    examples: ['epa-pm25-limit --reason "replaced by state rules" --sign "EPA Chief"'],
    complete: 'policy',
    run: async () => (await import('../rollback/rollback.js')).withdraw,
  }),
])

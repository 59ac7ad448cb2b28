/** Guards of what may be deleted, and what must not grow. */
export const GROWTH_GUARDS = [
  {
    name: 'open-rows-stay-postgres',
    guard: 'only ended rows are pruned, in PostgreSQL too',
    without: ['this.definition.keep?.ended', '{}'],
    spec: 'test/contracts/database.spec.ts',
    test: 'are the ended ones that nobody wrote since, the oldest first',
  },
  {
    name: 'forgotten-numbers',
    guard: 'a forgotten stream is numbered on, never from 1 again',
    without: ['coalesce((SELECT key_seq FROM ${schema}.stream_head WHERE topic = $1 AND msg_key = $3), 0)', '0 * length($3)'],
    spec: 'test/contracts/stores.spec.ts',
    test: 'are numbered on above every number that was forgotten, never from 1 again',
  },
  {
    name: 'pruned-lock-is-made-again',
    guard: 'who waited for a lock row that was pruned locks a new one',
    without: ['while', 'if'],
    spec: 'test/contracts/database.spec.ts',
    test: 'lets in one at a time of those who lock a key that has no row yet',
  },
  {
    name: 'runs-are-pruned',
    guard: 'ended runs go',
    without: '',
    spec: 'test/simulation/lifetime.spec.ts',
    test: 'leaves every table below its bound',
  },
  {
    name: 'rights-of-later-tables',
    guard: 'a service may use what a later migration adds',
    without: [
      'ALTER DEFAULT PRIVILEGES FOR ROLE hms_owner IN SCHEMA ${schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${role};',
      '',
    ],
    spec: 'test/regressions/grants-before-migrate.spec.ts',
    test: 'reach what a later migration of approver adds, and nobody else',
  },
]

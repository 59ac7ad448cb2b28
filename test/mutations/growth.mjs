/** Guards of pruning, and of database rights. Same form as `GUARDS`. */
export const GROWTH_GUARDS = [
  {
    name: 'open-rows-stay-postgres',
    guard: 'only ended rows are pruned, also in PostgreSQL',
    without: ['this.definition.keep?.ended', '{}'],
    spec: 'test/contracts/database.spec.ts',
    test: 'are the ended ones without a later write, the oldest first',
  },
  {
    name: 'forgotten-numbers',
    guard: 'a pruned stream continues its numbers and never restarts at 1',
    without: ['coalesce((SELECT key_seq FROM ${schema}.stream_head WHERE topic = $1 AND msg_key = $3), 0)', '0 * length($3)'],
    spec: 'test/contracts/stores.spec.ts',
    test: 'are numbered on above every number that was forgotten, never from 1 again',
  },
  {
    name: 'pruned-lock-is-made-again',
    guard: 'a transaction that waited for a pruned lock row locks a new row',
    without: ['while', 'if'],
    spec: 'test/contracts/database.spec.ts',
    test: 'admits one transaction at a time to a key that has no row yet',
  },
  {
    name: 'runs-are-pruned',
    guard: 'ended runs are pruned',
    without: '',
    spec: 'test/simulation/lifetime.spec.ts',
    test: 'leaves every table below its bound',
  },
  {
    name: 'rights-of-later-tables',
    guard: 'a service may use tables that a later migration adds',
    without: [
      'ALTER DEFAULT PRIVILEGES FOR ROLE hms_owner IN SCHEMA ${schema} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${role};',
      '',
    ],
    spec: 'test/regressions/grants-before-migrate.spec.ts',
    test: 'reach what a later migration of approver adds, for its own role alone',
  },
]

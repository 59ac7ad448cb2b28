import type { DocumentTable, MigrationClass } from '#libs/persistence'
import { ABORTED_RUNS } from './control/aborted-runs.js'
import { CreateAbortedRuns1763000000003 } from './migrations/1763000000003-create-aborted-runs.js'

/** Document tables that a stage has besides those of every service; `STAGE_MIGRATIONS` make them. */
export const STAGE_TABLES: readonly DocumentTable<never>[] = [ABORTED_RUNS]

export const STAGE_MIGRATIONS: readonly MigrationClass[] = [CreateAbortedRuns1763000000003]

import type { DocumentTable, MigrationClass } from '#libs/persistence'
import { ABORTED_RUNS } from './control/aborted-runs.js'
import { FREEZES } from './freezes/freeze.table.js'
import { CreateAbortedRuns1763000000003 } from './migrations/1763000000003-create-aborted-runs.js'
import { CreateFreezes1763000000004 } from './migrations/1763000000004-create-freezes.js'
import { CreateReleaseProofs1763000000005 } from './migrations/1763000000005-create-release-proofs.js'
import { RELEASE_PROOFS } from './proofs/release-proofs.js'

/** Document tables of a stage in addition to those of every service; `STAGE_MIGRATIONS` creates them. */
export const STAGE_TABLES: readonly DocumentTable<never>[] = [ABORTED_RUNS]

export const STAGE_MIGRATIONS: readonly MigrationClass[] = [CreateAbortedRuns1763000000003]

/** Additional tables of a publishing stage: the freezes that block it. */
export const FREEZE_TABLES: readonly DocumentTable<never>[] = [FREEZES]

export const FREEZE_MIGRATIONS: readonly MigrationClass[] = [CreateFreezes1763000000004]

/** Additional tables of a service that first publishes a release: the required proofs. */
export const PROOF_TABLES: readonly DocumentTable<never>[] = [RELEASE_PROOFS]

export const PROOF_MIGRATIONS: readonly MigrationClass[] = [CreateReleaseProofs1763000000005]

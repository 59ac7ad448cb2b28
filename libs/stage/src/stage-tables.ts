import type { DocumentTable, MigrationClass } from '#libs/persistence'
import { ABORTED_RUNS } from './control/decisions.js'
import { FREEZES } from './freezes/follow-freezes.js'
import { CreateAbortedRuns1763000000003 } from './migrations/1763000000003-create-aborted-runs.js'
import { CreateFreezes1763000000004 } from './migrations/1763000000004-create-freezes.js'
import { CreateReleaseProofs1763000000005 } from './migrations/1763000000005-create-release-proofs.js'
import { RELEASE_PROOFS } from './proofs/release-proofs.js'

/** Document tables of a stage in addition to those of every service; `STAGE_MIGRATIONS` creates them. */
export const STAGE_TABLES: readonly DocumentTable<never>[] = [ABORTED_RUNS]

export const STAGE_MIGRATIONS: readonly MigrationClass[] = [CreateAbortedRuns1763000000003]

/** Additional tables of a stage that publishes heads: the freezes that block releases, and the log proofs that releases need. */
export const RELEASE_TABLES: readonly DocumentTable<never>[] = [FREEZES, RELEASE_PROOFS]

export const RELEASE_MIGRATIONS: readonly MigrationClass[] = [CreateFreezes1763000000004, CreateReleaseProofs1763000000005]

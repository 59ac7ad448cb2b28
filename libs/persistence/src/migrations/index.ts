import type { MigrationInterface } from 'typeorm'
import { CreateLocksAndTimers1763000000000 } from './1763000000000-create-locks-and-timers.js'

export type MigrationClass = new () => MigrationInterface

export const PERSISTENCE_MIGRATIONS: readonly MigrationClass[] = [CreateLocksAndTimers1763000000000]

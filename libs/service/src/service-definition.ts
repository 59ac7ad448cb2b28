import type { ServiceName } from '#libs/contracts'
import type { DocumentTable } from '#libs/persistence'
import type { DynamicModule } from '@nestjs/common'
import type { EntitySchema, QueryRunner } from 'typeorm'
import type { ServiceRuntime } from './service-runtime.js'

export type MigrationClass = new () => { name?: string; up(runner: QueryRunner): Promise<void>; down(runner: QueryRunner): Promise<void> }

/** What a service's `<service>.module.ts` exports as `definition`: all that a host needs to know of it. */
export interface ServiceDefinition {
  name: ServiceName
  /** Tables of documents; the shared tables of locks, timers, outbox and positions are added by the host. */
  tables: readonly DocumentTable<never>[]
  /** Tables of other shapes, for the drift check. */
  entities?: (schema: string) => EntitySchema[]
  migrations: readonly MigrationClass[]
  module(runtime: ServiceRuntime): DynamicModule
}

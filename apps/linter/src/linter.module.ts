import { runtimeModule, type ServiceDefinition } from '#libs/service'
import { Module } from '@nestjs/common'
import { DryRunController } from './dry-run/dry-run.http.js'
import { LintRun } from './lint-run/lint-run.js'
import { LintRunEvents } from './lint-run/lint-run.events.js'
import { CreateLinter1764000000000 } from './migrations/1764000000000-create-linter.js'
import { PartnerEvents } from './partners/partners.events.js'
import { PARTNERS } from './partners/partner.table.js'
import { SCHEMAS } from './schemas/schema.table.js'
import { SchemasController } from './schemas/schemas.http.js'

@Module({
  imports: [runtimeModule('linter')],
  controllers: [LintRunEvents, PartnerEvents, DryRunController, SchemasController],
  providers: [LintRun],
})
class LinterModule {}

export const definition: ServiceDefinition = {
  name: 'linter',
  tables: [SCHEMAS, PARTNERS],
  migrations: [CreateLinter1764000000000],
  module: LinterModule,
}

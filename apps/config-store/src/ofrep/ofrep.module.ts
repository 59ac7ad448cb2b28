import { Module } from '@nestjs/common'
import { CopyModule } from '../copy/copy.module.js'
import { CoreModule } from '../core.module.js'
import { CoverageModule } from '../coverage/coverage.module.js'
import { HeadsModule } from '../heads/heads.module.js'
import { EvaluateController } from './evaluate.http.js'
import { RefetchEventsController, RefetchEvents } from './refetch-events.http.js'
import { LinterSchemas } from './rule-schemas.js'
import { Flags } from './flags.js'
import { EvaluateHandler } from './evaluate-handler.js'

@Module({
  imports: [CoreModule, HeadsModule, CopyModule, CoverageModule],
  controllers: [EvaluateController, RefetchEventsController],
  providers: [LinterSchemas, Flags, EvaluateHandler, RefetchEvents],
})
export class OfrepModule {}

import { Module } from '@nestjs/common'
import { ApprovalsModule } from '../approvals/approvals.module.js'
import { CoreModule } from '../core.module.js'
import { ReviewsModule } from '../reviews/reviews.module.js'
import { RunsModule } from '../runs/runs.module.js'
import { BreakGlassController } from './break-glass.http.js'
import { PrepareBreakGlass } from './prepare-break-glass.js'
import { SignBreakGlass } from './sign-break-glass.js'

@Module({
  imports: [CoreModule, ApprovalsModule, ReviewsModule, RunsModule],
  controllers: [BreakGlassController],
  providers: [PrepareBreakGlass, SignBreakGlass],
})
export class BreakGlassModule {}

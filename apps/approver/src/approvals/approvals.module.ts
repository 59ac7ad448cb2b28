import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { PoliciesModule } from '../policies/policies.module.js'
import { RunsModule } from '../runs/runs.module.js'
import { ApprovalsController } from './approvals.http.js'
import { GuardApproval } from './guard-approval.js'
import { StoredHeadsFallback } from './stored-heads-fallback.js'
import { KeepPreparations } from './keep-preparations.js'
import { PrepareApproval } from './prepare-approval.js'
import { PrepareRollback } from './prepare-rollback.js'
import { EndApproval } from './end-approval.js'
import { SignApproval } from './sign-approval.js'
import { TryGuard } from './try-guard.js'

@Module({
  imports: [CoreModule, PoliciesModule, RunsModule],
  controllers: [ApprovalsController],
  providers: [KeepPreparations, StoredHeadsFallback, PrepareApproval, PrepareRollback, SignApproval, EndApproval, GuardApproval, TryGuard],
  exports: [GuardApproval, StoredHeadsFallback, KeepPreparations],
})
export class ApprovalsModule {}

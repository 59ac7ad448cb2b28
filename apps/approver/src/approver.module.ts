import { ALL_COUNTERS, type CounterAdvance, type ServiceDefinition } from '#libs/service'
import { RELEASE_MIGRATIONS, RELEASE_TABLES } from '#libs/stage'
import { Module } from '@nestjs/common'
import { APPROVALS } from './runs/approval.table.js'
import { PREPARATIONS } from './approvals/preparation.table.js'
import { DECLARATIONS } from './freezes/declaration.table.js'
import { CreateApprover1764000000000 } from './migrations/1764000000000-create-approver.js'
import { CreateReviewLocks1764000000001 } from './migrations/1764000000001-create-review-locks.js'
import { CreateFreezeDeclarations1764000000002 } from './migrations/1764000000002-create-freeze-declarations.js'
import { POLICY_VERSIONS } from './policies/policy-version.table.js'
import { POLICIES } from './policies/policy.table.js'
import { ROSTER_PROPOSALS } from './roster/proposal.table.js'
import { RUN_COUNTER, RUNS } from './runs/run.table.js'
import { REVIEW_LOCKS } from './tickets/review-lock.table.js'
import { TICKET_COUNTER, TICKETS } from './tickets/ticket.table.js'
import { ApprovalsModule } from './approvals/approvals.module.js'
import { BreakGlassModule } from './break-glass/break-glass.module.js'
import { CalendarModule } from './calendar/calendar.module.js'
import { FreezesModule } from './freezes/freezes.module.js'
import { ReviewsModule } from './reviews/reviews.module.js'
import { RosterModule } from './roster/roster.module.js'
import { RunsModule } from './runs/runs.module.js'
import { TokensModule } from './tokens/tokens.module.js'
import { readApproverConfig } from './approver.config.js'

@Module({
  imports: [ApprovalsModule, BreakGlassModule, CalendarModule, FreezesModule, ReviewsModule, RosterModule, RunsModule, TokensModule],
})
class ApproverModule {}

/** Advances counters after a restore beyond every number that people or readers have seen. No other process may use the database. */
async function advanceCounters({ tx, by }: CounterAdvance): Promise<void> {
  const policies = await tx.documents(POLICIES).find({ limit: ALL_COUNTERS })
  for (const policy of policies) await tx.documents(POLICIES).put({ ...policy, releaseEpoch: policy.releaseEpoch + by })
  const run = await tx.documents(RUN_COUNTER).get('run')
  await tx.documents(RUN_COUNTER).put({ id: 'run', last: (run?.last ?? 0) + by })
  const ticket = await tx.documents(TICKET_COUNTER).get('ticket')
  await tx.documents(TICKET_COUNTER).put({ id: 'ticket', last: (ticket?.last ?? 0) + by })
}

export const definition: ServiceDefinition = {
  name: 'approver',
  tables: [
    ...RELEASE_TABLES,
    DECLARATIONS,
    POLICIES,
    POLICY_VERSIONS,
    APPROVALS,
    PREPARATIONS,
    RUNS,
    RUN_COUNTER,
    TICKETS,
    TICKET_COUNTER,
    REVIEW_LOCKS,
    ROSTER_PROPOSALS,
  ],
  migrations: [...RELEASE_MIGRATIONS, CreateApprover1764000000000, CreateReviewLocks1764000000001, CreateFreezeDeclarations1764000000002],
  advanceCounters,
  readConfig: readApproverConfig,
  module: ApproverModule,
}

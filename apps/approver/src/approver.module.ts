import { ENVIRONMENT, runtimeModule, type ServiceDefinition } from '#libs/service'
import { FREEZE_MIGRATIONS, FREEZE_TABLES, PROOF_MIGRATIONS, PROOF_TABLES, ReleaseProofs } from '#libs/stage'
import { Module } from '@nestjs/common'
import { ApprovalsController } from './approvals/approvals.http.js'
import { APPROVALS } from './records/approval.table.js'
import { EndStale } from './runs/end-stale.js'
import { ExpireApproval } from './approvals/expire-approval.js'
import { JudgeByStored } from './approvals/judge-by-stored.js'
import { KeepPreparations } from './approvals/keep-preparations.js'
import { PREPARATIONS } from './approvals/preparation.table.js'
import { PrepareApproval } from './approvals/prepare-approval.js'
import { PrepareRollback } from './approvals/prepare-rollback.js'
import { RejectApproval } from './approvals/reject-approval.js'
import { SignApproval } from './approvals/sign-approval.js'
import { ApproverConfig, readApproverConfig } from './approver.config.js'
import { DECLARATIONS } from './freezes/declaration.table.js'
import { DeclareFreeze } from './freezes/declare-freeze.js'
import { FreezesController } from './freezes/freezes.http.js'
import { LiftFreeze } from './freezes/lift-freeze.js'
import { GuardApproval } from './guard/guard-approval.js'
import { RulesInForce } from './guard/rules-in-force.js'
import { TryGuard } from './approvals/try-guard.js'
import { CreateApprover1764000000000 } from './migrations/1764000000000-create-approver.js'
import { CreateReviewLocks1764000000001 } from './migrations/1764000000001-create-review-locks.js'
import { CreateFreezeDeclarations1764000000002 } from './migrations/1764000000002-create-freeze-declarations.js'
import { LoggedReleasesEvents } from './policies/logged-releases.events.js'
import { POLICY_VERSIONS } from './policies/policy-version.table.js'
import { ReadStoredHeads } from './policies/read-stored-heads.js'
import { advanceReleaseCounters } from './numbering/advance-counters.js'
import { POLICIES } from './policies/policy.table.js'
import { ROSTER_PROPOSALS } from './roster/proposal.table.js'
import { ProposeRoster } from './roster/propose-roster.js'
import { RotateRoster } from './roster/rotate-roster.js'
import { RosterController } from './roster/roster.http.js'
import { SignProposal } from './roster/sign-proposal.js'
import { DecideRun } from './runs/decide-run.js'
import { EndOverdueRun } from './runs/end-overdue-run.js'
import { EndRun } from './runs/end-run.js'
import { EndStuckRun } from './runs/end-stuck-run.js'
import { StartRollback } from './runs/start-rollback.js'
import { QueueRun } from './runs/queue-run.js'
import { PruneRuns } from './runs/prune-runs.js'
import { ReconcileRuns } from './runs/reconcile-runs.js'
import { RunFeed } from './runs/run-feed.js'
import { RunsController } from './runs/runs.http.js'
import { RUN_COUNTER, RUNS } from './runs/run.table.js'
import { SaveRun } from './runs/save-run.js'
import { TakeOver } from './runs/take-over.js'
import { SupersedeRuns } from './runs/supersede-runs.js'
import { TrackRun } from './runs/track-run.js'
import { TrackRunEvents } from './runs/track-run.events.js'
import { ScheduleRunDeadline } from './runs/schedule-run-deadline.js'
import { BreakGlassController } from './break-glass/break-glass.http.js'
import { PrepareBreakGlass } from './break-glass/prepare-break-glass.js'
import { SignBreakGlass } from './break-glass/sign-break-glass.js'
import { REVIEW_LOCKS } from './records/review-lock.table.js'
import { ReviewBreakGlass } from './reviews/review-break-glass.js'
import { DecideTicket } from './reviews/decide-ticket.js'
import { CloseUndelivered } from './reviews/close-undelivered.js'
import { OpenUndelivered } from './reviews/open-undelivered.js'
import { UndeliveredEvents } from './reviews/undelivered.events.js'
import { SyncTickets } from './tickets/sync-tickets.js'
import { TICKET_COUNTER, TICKETS } from './tickets/ticket.table.js'
import { TicketsController } from './reviews/tickets.http.js'
import { IssueToken } from './tokens/issue-token.js'
import { RevokeToken } from './tokens/revoke-token.js'
import { TokensController } from './tokens/tokens.http.js'

@Module({
  imports: [runtimeModule('approver')],
  controllers: [
    TrackRunEvents,
    ApprovalsController,
    RunsController,
    TokensController,
    RosterController,
    FreezesController,
    TicketsController,
    UndeliveredEvents,
    BreakGlassController,
    LoggedReleasesEvents,
  ],
  providers: [
    { provide: ApproverConfig, inject: [ENVIRONMENT], useFactory: readApproverConfig },
    KeepPreparations,
    ReadStoredHeads,
    JudgeByStored,
    PrepareApproval,
    PrepareRollback,
    SignApproval,
    RejectApproval,
    EndStale,
    RulesInForce,
    GuardApproval,
    TryGuard,
    ExpireApproval,
    QueueRun,
    SupersedeRuns,
    StartRollback,
    ScheduleRunDeadline,
    EndRun,
    EndOverdueRun,
    EndStuckRun,
    DecideRun,
    ReconcileRuns,
    PruneRuns,
    SaveRun,
    TrackRun,
    RunFeed,
    IssueToken,
    RevokeToken,
    RotateRoster,
    ProposeRoster,
    SignProposal,
    DeclareFreeze,
    LiftFreeze,
    SyncTickets,
    DecideTicket,
    OpenUndelivered,
    CloseUndelivered,
    ReviewBreakGlass,
    PrepareBreakGlass,
    SignBreakGlass,
    TakeOver,
    ReleaseProofs,
  ],
})
class ApproverModule {}

export const definition: ServiceDefinition = {
  name: 'approver',
  tables: [
    ...FREEZE_TABLES,
    ...PROOF_TABLES,
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
  migrations: [
    ...FREEZE_MIGRATIONS,
    ...PROOF_MIGRATIONS,
    CreateApprover1764000000000,
    CreateReviewLocks1764000000001,
    CreateFreezeDeclarations1764000000002,
  ],
  advanceCounters: advanceReleaseCounters,
  module: ApproverModule,
}

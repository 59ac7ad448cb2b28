import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { PoliciesModule } from '../policies/policies.module.js'
import { TicketsModule } from '../tickets/tickets.module.js'
import { DecideRun } from './decide-run.js'
import { EndOverdueRun } from './end-overdue-run.js'
import { EndRun } from './end-run.js'
import { EndStale } from './end-stale.js'
import { PruneRuns } from './prune-runs.js'
import { QueueRun } from './queue-run.js'
import { ReconcileRuns } from './reconcile-runs.js'
import { RunFeed } from './run-feed.js'
import { RunsController } from './runs.http.js'
import { SaveRun } from './save-run.js'
import { ScheduleRunDeadline } from './schedule-run-deadline.js'
import { SupersedeRuns } from './supersede-runs.js'
import { TrackRunEvents } from './track-run.events.js'
import { TakeOver, TrackRun } from './track-run.js'

@Module({
  imports: [CoreModule, PoliciesModule, TicketsModule],
  controllers: [TrackRunEvents, RunsController],
  providers: [
    QueueRun,
    SupersedeRuns,
    ScheduleRunDeadline,
    EndRun,
    EndOverdueRun,
    EndStale,
    DecideRun,
    ReconcileRuns,
    PruneRuns,
    SaveRun,
    TakeOver,
    TrackRun,
    RunFeed,
  ],
  exports: [DecideRun, EndStale, QueueRun, SaveRun],
})
export class RunsModule {}

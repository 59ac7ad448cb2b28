import type { ReceivedEvent } from '#libs/contracts'
import { EventConsumer, EventContext, OnEvent, type HandlerResult } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { RUNS } from './run.table.js'
import { TRACKED_EVENTS, TrackRun, type TrackedEvent } from './track-run.js'

@Controller()
export class TrackRunEvents {
  constructor(
    private readonly trackRun: TrackRun,
    consumer: EventConsumer,
  ) {
    consumer.readAhead(RUNS, TRACKED_EVENTS)
  }

  @OnEvent('approver', ...TRACKED_EVENTS)
  onTracked(event: ReceivedEvent<TrackedEvent>, { tx }: EventContext): Promise<HandlerResult> {
    return this.trackRun.execute(tx, event)
  }
}

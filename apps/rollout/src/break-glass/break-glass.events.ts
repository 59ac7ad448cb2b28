import type { ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, type EventAnswer } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { OpenBreakGlass } from './open-break-glass.js'

@Controller()
export class BreakGlassEvents {
  constructor(private readonly openBreakGlass: OpenBreakGlass) {}

  @OnEvent('rollout', 'hms.lint.passed.v1')
  linted(@Payload() event: ReceivedEvent<'hms.lint.passed.v1'>, @Ctx() { tx }: EventContext): Promise<EventAnswer> {
    return this.openBreakGlass.open(tx, event.data.dossier, event)
  }
}

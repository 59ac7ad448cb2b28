import type { EventData, ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, type EventAnswer } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { RunSimulation } from './run-simulation.js'

@Controller()
export class SimulationsEvents {
  constructor(private readonly runSimulation: RunSimulation) {}

  @OnEvent('simulator', 'hms.lint.v1')
  async linted(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<EventAnswer> {
    if (event.type !== 'hms.lint.passed.v1') return
    return this.runSimulation.open(tx, (event.data as EventData['hms.lint.passed.v1']).dossier, event)
  }

  @OnEvent('simulator', 'hms.run.control.v1')
  async decided(@Payload() event: ReceivedEvent, @Ctx() { tx }: EventContext): Promise<void> {
    if (event.type === 'hms.run.decided.v1') await this.runSimulation.abort(tx, event.data as EventData['hms.run.decided.v1'], event)
    if (event.type === 'hms.run.decision-accepted.v1')
      await this.runSimulation.decide(tx, event.data as EventData['hms.run.decision-accepted.v1'], event)
  }
}

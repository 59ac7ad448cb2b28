import { isBreakGlassDossier, type ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, type HandlerResult } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { Ctx, Payload } from '@nestjs/microservices'
import { RunSimulation } from './run-simulation.js'

@Controller()
export class SimulationsEvents {
  constructor(private readonly runSimulation: RunSimulation) {}

  @OnEvent('simulator', 'hms.lint.passed.v1')
  async linted(@Payload() event: ReceivedEvent<'hms.lint.passed.v1'>, @Ctx() { tx }: EventContext): Promise<HandlerResult> {
    if (isBreakGlassDossier(event.data.dossier)) return // guard: break-glass-no-simulation
    return this.runSimulation.open(tx, event.data.dossier, event)
  }

  @OnEvent('simulator', 'hms.run.decided.v1')
  ended(@Payload() { data }: ReceivedEvent<'hms.run.decided.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.runSimulation.shell.ended(tx, data)
  }

  @OnEvent('simulator', 'hms.run.decision-accepted.v1')
  decided(@Payload() { data }: ReceivedEvent<'hms.run.decision-accepted.v1'>, @Ctx() { tx }: EventContext): Promise<void> {
    return this.runSimulation.shell.decisionReceived(tx, data, ({ dossier }) => dossier)
  }
}

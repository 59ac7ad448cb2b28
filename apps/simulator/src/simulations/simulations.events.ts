import { isBreakGlassDossier, type ReceivedEvent } from '#libs/contracts'
import { EventContext, OnEvent, type HandlerResult } from '#libs/messaging'
import { Controller } from '@nestjs/common'
import { RunSimulation } from './run-simulation.js'

@Controller()
export class SimulationsEvents {
  constructor(private readonly runSimulation: RunSimulation) {}

  @OnEvent('simulator', 'hms.lint.passed.v1')
  async onLintPassed(event: ReceivedEvent<'hms.lint.passed.v1'>, { tx }: EventContext): Promise<HandlerResult> {
    if (isBreakGlassDossier(event.data.dossier)) return // guard: break-glass-no-simulation
    return this.runSimulation.open(tx, event.data.dossier, event)
  }

  @OnEvent('simulator', 'hms.run.decided.v1')
  onRunEnded({ data }: ReceivedEvent<'hms.run.decided.v1'>, { tx }: EventContext): Promise<void> {
    return this.runSimulation.shell.ended(tx, data)
  }

  @OnEvent('simulator', 'hms.run.decision-accepted.v1')
  onDecisionAccepted({ data }: ReceivedEvent<'hms.run.decision-accepted.v1'>, { tx }: EventContext): Promise<void> {
    return this.runSimulation.shell.decisionReceived(tx, data, ({ dossier }) => dossier)
  }
}

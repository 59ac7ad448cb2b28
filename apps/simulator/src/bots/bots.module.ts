import { Clock } from '#libs/platform'
import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { type BotInspector, InlineBotInspector } from '../replay/inspect-bot.js'
import { SimulatorConfig } from '../simulator.config.js'
import { BOT_INSPECTOR, BotsController } from './bots.http.js'
import { WorkerBotInspector } from './worker-bot-inspector.js'

function createInspector({ runner }: SimulatorConfig, clock: Clock): BotInspector {
  return runner === 'inline' ? new InlineBotInspector() : new WorkerBotInspector(clock)
}

@Module({
  imports: [CoreModule],
  controllers: [BotsController],
  providers: [{ provide: BOT_INSPECTOR, inject: [SimulatorConfig, Clock], useFactory: createInspector }],
})
export class BotsModule {}

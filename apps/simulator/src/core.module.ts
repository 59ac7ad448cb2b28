import { ENVIRONMENT, runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { readSimulatorConfig, SimulatorConfig } from './simulator.config.js'

/** Configuration of the simulator, and the runtime of its service. Every feature imports it. */
@Module({
  imports: [runtimeModule('simulator')],
  providers: [{ provide: SimulatorConfig, inject: [ENVIRONMENT], useFactory: readSimulatorConfig }],
  exports: [runtimeModule('simulator'), SimulatorConfig],
})
export class CoreModule {}

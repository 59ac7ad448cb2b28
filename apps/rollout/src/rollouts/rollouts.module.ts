import { ENVIRONMENT, runtimeModule } from '#libs/service'
import { ReleaseProofs } from '#libs/stage'
import { Module } from '@nestjs/common'
import { RolloutConfig, readRolloutConfig } from '../rollout.config.js'
import { RunRollout } from './run-rollout.js'

@Module({
  imports: [runtimeModule('rollout')],
  providers: [{ provide: RolloutConfig, inject: [ENVIRONMENT], useFactory: readRolloutConfig }, ReleaseProofs, RunRollout],
  exports: [ReleaseProofs, RunRollout],
})
export class RolloutsModule {}

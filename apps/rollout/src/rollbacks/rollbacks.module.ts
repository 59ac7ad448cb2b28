import { runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { RolloutsModule } from '../rollouts/rollouts.module.js'
import { GuardRollback } from './guard-rollback.js'
import { RollBack } from './roll-back.js'
import { RollbacksController } from './rollbacks.http.js'

@Module({
  imports: [runtimeModule('rollout'), RolloutsModule],
  controllers: [RollbacksController],
  providers: [GuardRollback, RollBack],
  exports: [GuardRollback],
})
export class RollbacksModule {}

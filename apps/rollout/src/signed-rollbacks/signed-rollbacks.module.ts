import { runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { RollbacksModule } from '../rollbacks/rollbacks.module.js'
import { RolloutsModule } from '../rollouts/rollouts.module.js'
import { RollBackSigned } from './roll-back-signed.js'

@Module({ imports: [runtimeModule('rollout'), RolloutsModule, RollbacksModule], providers: [RollBackSigned], exports: [RollBackSigned] })
export class SignedRollbacksModule {}

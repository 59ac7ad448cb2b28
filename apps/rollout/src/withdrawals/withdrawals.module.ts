import { runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { RolloutsModule } from '../rollouts/rollouts.module.js'
import { Withdraw } from './withdraw.js'
import { WithdrawalsController } from './withdrawals.http.js'

@Module({ imports: [runtimeModule('rollout'), RolloutsModule], controllers: [WithdrawalsController], providers: [Withdraw] })
export class WithdrawalsModule {}

import { ENVIRONMENT, runtimeModule, type ServiceDefinition } from '#libs/service'
import { RELEASE_MIGRATIONS, RELEASE_TABLES, ReleaseProofs, STAGE_MIGRATIONS, STAGE_TABLES } from '#libs/stage'
import { Module } from '@nestjs/common'
import { BREAK_GLASS_ORDERS } from './break-glass/break-glass-order.table.js'
import { OpenBreakGlass } from './break-glass/open-break-glass.js'
import { CreateRollout1764000000000 } from './migrations/1764000000000-create-rollout.js'
import { CreateBreakGlassOrders1764000000001 } from './migrations/1764000000001-create-break-glass-orders.js'
import { ROLLBACKS } from './rollbacks/rollback.table.js'
import { GuardRollback } from './rollbacks/guard-rollback.js'
import { RollBack } from './rollbacks/roll-back.js'
import { RollbacksController } from './rollbacks/rollbacks.http.js'
import { RolloutConfig, readRolloutConfig } from './rollout.config.js'
import { ROLLOUTS } from './rollouts/rollout.table.js'
import { RunRollout } from './rollouts/run-rollout.js'
import { RollBackSigned } from './signed-rollbacks/roll-back-signed.js'
import { SIGNED_ROLLBACKS } from './signed-rollbacks/signed-rollback.table.js'
import { RolloutEvents } from './rollout.events.js'
import { LIVE_VERSIONS } from './stable/live-version.table.js'
import { advanceHeadCounters, STABLE_HEADS, STABLES } from './stable/stable.table.js'
import { PublishFreshness } from './stable/publish-freshness.js'
import { Withdraw } from './withdrawals/withdraw.js'
import { WITHDRAWALS } from './withdrawals/withdrawal.table.js'
import { WithdrawalsController } from './withdrawals/withdrawals.http.js'

@Module({
  imports: [runtimeModule('rollout')],
  controllers: [RolloutEvents, RollbacksController, WithdrawalsController],
  providers: [
    { provide: RolloutConfig, inject: [ENVIRONMENT], useFactory: readRolloutConfig },
    PublishFreshness,
    RunRollout,
    GuardRollback,
    RollBack,
    ReleaseProofs,
    RollBackSigned,
    OpenBreakGlass,
    Withdraw,
  ],
})
class RolloutModule {}

export const definition: ServiceDefinition = {
  name: 'rollout',
  tables: [
    ...STAGE_TABLES,
    ...RELEASE_TABLES,
    STABLES,
    STABLE_HEADS,
    LIVE_VERSIONS,
    ROLLOUTS,
    ROLLBACKS,
    SIGNED_ROLLBACKS,
    BREAK_GLASS_ORDERS,
    WITHDRAWALS,
  ],
  migrations: [...STAGE_MIGRATIONS, ...RELEASE_MIGRATIONS, CreateRollout1764000000000, CreateBreakGlassOrders1764000000001],
  advanceCounters: advanceHeadCounters,
  module: RolloutModule,
}

import type { ServiceDefinition } from '#libs/service'
import { RELEASE_MIGRATIONS, RELEASE_TABLES, STAGE_MIGRATIONS, STAGE_TABLES } from '#libs/stage'
import { Module } from '@nestjs/common'
import { BreakGlassModule } from './break-glass/break-glass.module.js'
import { RollbacksModule } from './rollbacks/rollbacks.module.js'
import { RolloutsModule } from './rollouts/rollouts.module.js'
import { SignedRollbacksModule } from './signed-rollbacks/signed-rollbacks.module.js'
import { StableModule } from './stable/stable.module.js'
import { WithdrawalsModule } from './withdrawals/withdrawals.module.js'
import { BREAK_GLASS_ORDERS } from './break-glass/break-glass-order.table.js'
import { CreateRollout1764000000000 } from './migrations/1764000000000-create-rollout.js'
import { CreateBreakGlassOrders1764000000001 } from './migrations/1764000000001-create-break-glass-orders.js'
import { ROLLBACKS } from './rollbacks/rollback.table.js'
import { ROLLOUTS } from './rollouts/rollout.table.js'
import { SIGNED_ROLLBACKS } from './signed-rollbacks/signed-rollback.table.js'
import { RolloutEvents } from './rollout.events.js'
import { LIVE_VERSIONS } from './stable/live-version.table.js'
import { advanceHeadCounters, STABLE_HEADS, STABLES } from './stable/stable.table.js'
import { WITHDRAWALS } from './withdrawals/withdrawal.table.js'
import { readRolloutConfig } from './rollout.config.js'

@Module({
  imports: [RolloutsModule, StableModule, RollbacksModule, SignedRollbacksModule, BreakGlassModule, WithdrawalsModule],
  controllers: [RolloutEvents],
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
  readConfig: readRolloutConfig,
  module: RolloutModule,
}

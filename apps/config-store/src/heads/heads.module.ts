import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { UnverifiedRows } from './unverified-rows.js'
import { BelievedRows } from './believed-rows.js'
import { Freshness } from './freshness.js'
import { EndCanaries } from './canary-lease.js'

/** Stored heads, verified as a reader verifies them, and rollout’s freshness statement on them. The feature intake stores them. */
@Module({
  imports: [CoreModule],
  providers: [UnverifiedRows, BelievedRows, Freshness, EndCanaries],
  exports: [UnverifiedRows, BelievedRows, Freshness, EndCanaries],
})
export class HeadsModule {}

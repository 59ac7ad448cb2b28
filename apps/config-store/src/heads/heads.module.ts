import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { UnverifiedRows } from './unverified-rows.js'
import { VerifiedRows } from './verified-rows.js'
import { Freshness } from './freshness.js'
import { EndCanaries } from './canary-lease.js'

/** Stored heads, verified as a reader verifies them, and rollout’s freshness statement on them. The feature intake stores them. */
@Module({
  imports: [CoreModule],
  providers: [UnverifiedRows, VerifiedRows, Freshness, EndCanaries],
  exports: [UnverifiedRows, VerifiedRows, Freshness, EndCanaries],
})
export class HeadsModule {}

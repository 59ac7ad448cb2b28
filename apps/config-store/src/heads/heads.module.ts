import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { UnverifiedRows } from './unverified-rows.js'
import { VerifiedRows } from './verified-rows.js'
import { Freshness } from './freshness.js'
import { EndCanaries } from './canary-lease.js'

/** Reads stored heads, verified as a reader verifies them, and rollout’s freshness statement on them. Feature `intake` stores both. */
@Module({
  imports: [CoreModule],
  providers: [UnverifiedRows, VerifiedRows, Freshness, EndCanaries],
  exports: [UnverifiedRows, VerifiedRows, Freshness, EndCanaries],
})
export class HeadsModule {}

import { runtimeModule } from '#libs/service'
import { ReleaseProofs } from '#libs/stage'
import { Module } from '@nestjs/common'
import { LoggedReleasesEvents } from './logged-releases.events.js'
import { ReadStoredHeads } from './read-stored-heads.js'
import { RulesInForce } from './rules-in-force.js'

@Module({
  imports: [runtimeModule('approver')],
  controllers: [LoggedReleasesEvents],
  providers: [ReadStoredHeads, ReleaseProofs, RulesInForce],
  exports: [ReadStoredHeads, RulesInForce],
})
export class PoliciesModule {}

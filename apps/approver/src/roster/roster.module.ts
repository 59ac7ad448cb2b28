import { runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { ProposeRoster } from './propose-roster.js'
import { RosterController } from './roster.http.js'
import { RotateRoster } from './rotate-roster.js'
import { SignProposal } from './sign-proposal.js'

@Module({
  imports: [runtimeModule('approver')],
  controllers: [RosterController],
  providers: [RotateRoster, ProposeRoster, SignProposal],
})
export class RosterModule {}

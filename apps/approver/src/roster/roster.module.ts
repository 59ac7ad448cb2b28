import { runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { RosterController } from './roster.http.js'
import { RosterProposals } from './roster-proposals.js'

@Module({ imports: [runtimeModule('approver')], controllers: [RosterController], providers: [RosterProposals] })
export class RosterModule {}

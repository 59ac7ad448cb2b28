import { Module } from '@nestjs/common'
import { CopyModule } from '../copy/copy.module.js'
import { CoreModule } from '../core.module.js'
import { HeadsModule } from '../heads/heads.module.js'
import { CoverageController, ReleaseVersions } from './coverage.http.js'
import { LeftBots } from './left-bots.js'
import { Presence } from './presence.js'
import { CoverageReports } from './coverage-reports.js'
import { CountBots } from './count-bots.js'

@Module({
  imports: [CoreModule, HeadsModule, CopyModule],
  controllers: [CoverageController],
  providers: [LeftBots, Presence, ReleaseVersions, CoverageReports, CountBots],
  exports: [Presence],
})
export class CoverageModule {}

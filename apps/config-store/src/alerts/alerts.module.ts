import { Module } from '@nestjs/common'
import { CopyModule } from '../copy/copy.module.js'
import { CoreModule } from '../core.module.js'
import { CoverageModule } from '../coverage/coverage.module.js'
import { AlertsController } from './alerts.http.js'
import { AcceptAlert } from './accept-alert.js'

@Module({ imports: [CoreModule, CopyModule, CoverageModule], controllers: [AlertsController], providers: [AcceptAlert] })
export class AlertsModule {}

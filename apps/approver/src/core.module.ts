import { ENVIRONMENT, runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { ApproverConfig, readApproverConfig } from './approver.config.js'

/** What the features share: the service's dependencies and its configuration. */
@Module({
  imports: [runtimeModule('approver')],
  providers: [{ provide: ApproverConfig, inject: [ENVIRONMENT], useFactory: readApproverConfig }],
  exports: [runtimeModule('approver'), ApproverConfig],
})
export class CoreModule {}

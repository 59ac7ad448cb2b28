import { ENVIRONMENT, runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { ApproverConfig, readApproverConfig } from './approver.config.js'

/** Provides the service's dependencies and configuration to all features. */
@Module({
  imports: [runtimeModule('approver')],
  providers: [{ provide: ApproverConfig, inject: [ENVIRONMENT], useFactory: readApproverConfig }],
  exports: [runtimeModule('approver'), ApproverConfig],
})
export class CoreModule {}

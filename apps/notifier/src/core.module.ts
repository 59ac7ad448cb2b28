import { ENVIRONMENT, PROFILE, runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { NotifierConfig, readNotifierConfig } from './notifier.config.js'

/** Configuration of the notifier, and the runtime of its service. Every feature imports it. */
@Module({
  imports: [runtimeModule('notifier')],
  providers: [{ provide: NotifierConfig, inject: [ENVIRONMENT, PROFILE], useFactory: readNotifierConfig }],
  exports: [runtimeModule('notifier'), NotifierConfig],
})
export class CoreModule {}

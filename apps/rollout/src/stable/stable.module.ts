import { runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { PublishFreshness } from './publish-freshness.js'

@Module({ imports: [runtimeModule('rollout')], providers: [PublishFreshness] })
export class StableModule {}

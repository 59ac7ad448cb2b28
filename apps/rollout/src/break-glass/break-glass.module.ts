import { runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { RolloutsModule } from '../rollouts/rollouts.module.js'
import { OpenBreakGlass } from './open-break-glass.js'

@Module({ imports: [runtimeModule('rollout'), RolloutsModule], providers: [OpenBreakGlass], exports: [OpenBreakGlass] })
export class BreakGlassModule {}

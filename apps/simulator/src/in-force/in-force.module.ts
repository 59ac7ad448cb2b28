import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { InForceEvents } from './in-force.events.js'

@Module({ imports: [CoreModule], controllers: [InForceEvents] })
export class InForceModule {}

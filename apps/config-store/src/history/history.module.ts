import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { HistoryController, LiveRecordsController } from './history.http.js'

@Module({ imports: [CoreModule], controllers: [HistoryController, LiveRecordsController] })
export class HistoryModule {}

import { runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { CalendarController } from './calendar.http.js'

@Module({ imports: [runtimeModule('approver')], controllers: [CalendarController] })
export class CalendarModule {}

import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { SyncTickets } from './sync-tickets.js'

@Module({ imports: [CoreModule], providers: [SyncTickets], exports: [SyncTickets] })
export class TicketsModule {}

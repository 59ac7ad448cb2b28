import { runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { DeclareFreeze } from './declare-freeze.js'
import { FreezesController } from './freezes.http.js'
import { LiftFreeze } from './lift-freeze.js'

@Module({
  imports: [runtimeModule('approver')],
  controllers: [FreezesController],
  providers: [DeclareFreeze, LiftFreeze],
})
export class FreezesModule {}

import { runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { FreezesController } from './freezes.http.js'
import { SignedFreezes } from './signed-freezes.js'

@Module({ imports: [runtimeModule('approver')], controllers: [FreezesController], providers: [SignedFreezes] })
export class FreezesModule {}

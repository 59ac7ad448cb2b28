import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { ScenariosController } from './scenarios.http.js'

@Module({ imports: [CoreModule], controllers: [ScenariosController] })
export class ScenariosModule {}

import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { CorporaController } from './corpora.http.js'
import { Readings } from './readings.js'

@Module({ imports: [CoreModule], controllers: [CorporaController], providers: [Readings], exports: [Readings] })
export class CorporaModule {}

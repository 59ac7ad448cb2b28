import { Module } from '@nestjs/common'
import { CoreModule } from '../core.module.js'
import { HeadsModule } from '../heads/heads.module.js'
import { DocumentCopy } from './document-copy.js'
import { StableHeadsWatch } from './stable-heads-watch.js'
import { ReadersWatch } from './readers-watch.js'

@Module({
  imports: [CoreModule, HeadsModule],
  providers: [DocumentCopy, StableHeadsWatch, ReadersWatch],
  exports: [DocumentCopy, ReadersWatch],
})
export class CopyModule {}

import { Module } from '@nestjs/common'
import { CopyModule } from '../copy/copy.module.js'
import { CoreModule } from '../core.module.js'
import { HeadsModule } from '../heads/heads.module.js'
import { IntakeModule } from '../intake/intake.module.js'
import { StateCheck } from './state-check.js'
import { RestoreDocument } from './restore-document.js'

@Module({
  imports: [CoreModule, HeadsModule, CopyModule, IntakeModule],
  providers: [StateCheck, RestoreDocument],
  exports: [RestoreDocument],
})
export class StateCheckModule {}

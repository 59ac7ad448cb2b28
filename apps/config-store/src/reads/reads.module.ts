import { Module } from '@nestjs/common'
import { CopyModule } from '../copy/copy.module.js'
import { CoreModule } from '../core.module.js'
import { HeadsModule } from '../heads/heads.module.js'
import { StateCheckModule } from '../state-check/state-check.module.js'
import { PoliciesController } from './policies.http.js'

@Module({ imports: [CoreModule, HeadsModule, CopyModule, StateCheckModule], controllers: [PoliciesController] })
export class ReadsModule {}

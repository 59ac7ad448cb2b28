import { runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { ProgramTokens } from './program-tokens.js'
import { TokensController } from './tokens.http.js'

@Module({ imports: [runtimeModule('approver')], controllers: [TokensController], providers: [ProgramTokens] })
export class TokensModule {}

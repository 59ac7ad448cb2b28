import { runtimeModule } from '#libs/service'
import { Module } from '@nestjs/common'
import { IssueToken } from './issue-token.js'
import { RevokeToken } from './revoke-token.js'
import { TokensController } from './tokens.http.js'

@Module({
  imports: [runtimeModule('approver')],
  controllers: [TokensController],
  providers: [IssueToken, RevokeToken],
})
export class TokensModule {}

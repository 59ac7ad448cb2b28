import type { IssuedToken, TokenRecord, TokenView } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { SecretMember, Authorizer, MAX_TOKENS, RequireScope, TOKENS, type AuthorizedRequest, type StoredToken, Paged } from '#libs/service'
import { Body, Controller, Get, Header, HttpCode, Param, Post, Req } from '@nestjs/common'
import { ProgramTokens } from './program-tokens.js'
import { TokenRequestDto } from './tokens.dto.js'

/** Endpoints of API tokens. No token can issue or revoke tokens, so a stolen one can neither renew itself nor lock others out. */
@Controller('v1/tokens')
export class TokensController {
  constructor(
    private readonly database: Database,
    private readonly programTokens: ProgramTokens,
    private readonly access: Authorizer,
  ) {}

  /** Issues an API token. The secret is in this response only. */
  @Post()
  @Header('cache-control', 'no-store')
  @RequireScope('statement')
  @SecretMember('token')
  async create(@Body() body: TokenRequestDto, @Req() request: AuthorizedRequest): Promise<IssuedToken> {
    const { record, token } = await this.programTokens.issue(body, request.actor!.name)
    return { ...this.applied(record), token }
  }

  /** Lists tokens, newest first, including revoked and expired ones. */
  @Get()
  @Paged(({ id }: TokenView) => id)
  async list(): Promise<TokenView[]> {
    const records = await this.database.autocommit((tx) => tx.documents(TOKENS).find({ limit: MAX_TOKENS }))
    const { refusals } = this.access.tokens.verified
    return records.map((record) => tokenView(record, refusals.get(record.id))).sort((a, b) => b.createdAt.localeCompare(a.createdAt))
  }

  /** Revokes a token and closes its connections. */
  @Post(':id/revoke')
  @HttpCode(200)
  @RequireScope('statement')
  async revoke(@Param('id') id: string, @Req() request: AuthorizedRequest): Promise<TokenView> {
    return this.applied(await this.programTokens.revoke(id, request.actor!.name))
  }

  /** Applies the change in this process before the response; other instances follow. */
  private applied(record: TokenRecord): TokenView {
    this.access.tokens.add(record)
    return tokenView(record)
  }
}

function tokenView({ hash: _hash, signed: _signed, ...shown }: StoredToken, unverified?: string): TokenView {
  return unverified === undefined ? shown : { ...shown, unverified }
}

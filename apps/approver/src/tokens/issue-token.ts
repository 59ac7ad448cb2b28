import { action, HmsError, type TokenRecord, type TokenRequest } from '#libs/contracts'
import { mintToken } from '#libs/signing'
import { signedBy } from './signed-by.js'
import { keepToken, MAX_TOKENS, ServiceRuntime, TOKENS, TOKENS_CHANGED } from '#libs/service'
import { Injectable } from '@nestjs/common'

export type WantedToken = TokenRequest & { expiresInMs: number }

/** Issues a key for a program. Its text is returned in the response and stored nowhere. */
@Injectable()
export class IssueToken {
  constructor(private readonly runtime: ServiceRuntime) {}

  async execute({ scopes, region, name, expiresInMs }: WantedToken, by: string): Promise<{ record: TokenRecord; token: string }> {
    const { token, id, hash } = mintToken()
    const record = await this.runtime.database.transaction(async (tx) => {
      if ((await tx.documents(TOKENS).count()) >= MAX_TOKENS) {
        const detail = `There are ${MAX_TOKENS} keys; one is forgotten 30 days after it expired.`
        throw new HmsError('HMS_TOKEN_LIMIT', detail, { status: 409, next: [action('tokens.list')] })
      }
      const issued: TokenRecord = {
        id,
        hash,
        name: name?.trim() || id,
        scopes: [...scopes],
        ...(region === undefined ? {} : { region }),
        createdAt: tx.now.toISOString(),
        createdBy: by,
        expiresAt: new Date(tx.now.getTime() + expiresInMs).toISOString(),
        revokedAt: null,
        revokedBy: null,
      }
      const event = await this.runtime.emit(tx, 'hms.token.issued.v1', { token: issued }, { key: id })
      await keepToken(tx, issued, signedBy(event))
      return issued
    })
    this.runtime.signal(TOKENS_CHANGED)
    return { record, token }
  }
}

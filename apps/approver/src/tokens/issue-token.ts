import { action, HmsError, type TokenRecord, type TokenRequest } from '#libs/contracts'
import { Outbox } from '#libs/messaging'
import { Database } from '#libs/persistence'
import { keepToken, MAX_TOKENS, Signals, TOKENS, TOKENS_CHANGED } from '#libs/service'
import { mintToken } from '#libs/signing'
import { signedBy } from './signed-by.js'
import { Injectable } from '@nestjs/common'

export type WantedToken = TokenRequest & { expiresInMs: number }

/** Issues a key for a program. Its text is returned in the response and stored nowhere. */
@Injectable()
export class IssueToken {
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly signals: Signals,
  ) {}

  async execute({ scopes, region, name, expiresInMs }: WantedToken, by: string): Promise<{ record: TokenRecord; token: string }> {
    const { token, id, hash } = mintToken()
    const record = await this.database.transaction(async (tx) => {
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
      const event = await this.outbox.emit(tx, 'hms.token.issued.v1', { token: issued }, { key: id })
      await keepToken(tx, issued, signedBy(event))
      return issued
    })
    this.signals.send(TOKENS_CHANGED)
    return { record, token }
  }
}

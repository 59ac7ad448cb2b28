import { HmsError, type TokenRecord } from '#libs/contracts'
import { ServiceRuntime, TOKENS, TOKENS_CHANGED } from '#libs/service'
import { Injectable } from '@nestjs/common'

/** Takes a key back for good, wherever it is used, open streams included. The record stays. */
@Injectable()
export class RevokeToken {
  constructor(private readonly runtime: ServiceRuntime) {}

  /** Revoking again changes nothing and answers the same. */
  async execute(id: string, by: string): Promise<TokenRecord> {
    const record = await this.runtime.database.locked([`token:${id}`], async (tx) => {
      const known = await tx.documents(TOKENS).get(id)
      if (known === undefined)
        throw new HmsError('HMS_TOKEN_NOT_FOUND', `There is no key ${id}.`, { status: 404, next: ['hms-svc tokens list'] })
      if (known.revokedAt !== null) return known
      const revoked: TokenRecord = { ...known, revokedAt: tx.now.toISOString(), revokedBy: by }
      await tx.documents(TOKENS).put(revoked)
      await this.runtime.emit(tx, 'hms.token.revoked.v1', { token: revoked }, { key: id })
      return revoked
    })
    this.runtime.signal(TOKENS_CHANGED)
    return record
  }
}

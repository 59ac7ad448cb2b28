import { HmsError, type TokenRecord } from '#libs/contracts'
import { plainToken, readSignedToken, ServiceRuntime, TOKENS, TOKENS_CHANGED, type StoredToken } from '#libs/service'
import { signedBy } from './signed-by.js'
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
      const record = this.signed(known)
      if (record.revokedAt !== null) return record
      const revoked: TokenRecord = { ...record, revokedAt: tx.now.toISOString(), revokedBy: by }
      const event = await this.runtime.emit(tx, 'hms.token.revoked.v1', { token: revoked }, { key: id })
      await tx.documents(TOKENS).put({ ...revoked, signed: signedBy(event) })
      return revoked
    })
    this.runtime.signal(TOKENS_CHANGED)
    return record
  }

  /** What was signed of the row; of one that nobody signed the id, without a scope: no signature of ours vouches for what it says. */
  private signed(row: StoredToken): TokenRecord {
    try {
      if (row.signed !== undefined) return readSignedToken(row.signed, this.runtime)
    } catch {
      // Altered: revoked all the same.
    }
    return { ...plainToken(row), scopes: [], revokedAt: null, revokedBy: null }
  }
}

import { action, HmsError, type TokenRecord } from '#libs/contracts'
import { EventSeal, Outbox } from '#libs/messaging'
import { Database } from '#libs/persistence'
import { plainToken, readSignedToken, Rosters, Signals, TOKENS, TOKENS_CHANGED, type StoredToken } from '#libs/service'
import { signedBy } from './signed-by.js'
import { Injectable } from '@nestjs/common'

/** Revokes a key permanently, open streams included. The record stays. */
@Injectable()
export class RevokeToken {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
    private readonly signals: Signals,
    private readonly seal: EventSeal,
  ) {}

  /** Revoking again changes nothing and returns the same record. */
  async execute(id: string, by: string): Promise<TokenRecord> {
    const record = await this.database.locked([`token:${id}`], async (tx) => {
      const known = await tx.documents(TOKENS).get(id)
      if (known === undefined)
        throw new HmsError('HMS_TOKEN_NOT_FOUND', `There is no key ${id}.`, { status: 404, next: [action('tokens.list')] })
      const record = this.signed(known)
      if (record.revokedAt !== null) return record
      const revoked: TokenRecord = { ...record, revokedAt: tx.now.toISOString(), revokedBy: by }
      const event = await this.outbox.emit(tx, 'hms.token.revoked.v1', { token: revoked }, { key: id })
      await tx.documents(TOKENS).put({ ...revoked, signed: signedBy(event) })
      return revoked
    })
    this.signals.send(TOKENS_CHANGED)
    return record
  }

  /** Returns the signed content of the row; for an unsigned row only the id, without a scope, because no signature proves its content. */
  private signed(row: StoredToken): TokenRecord {
    try {
      if (row.signed !== undefined) return readSignedToken(row.signed, { roster: this.rosters.newest, seal: this.seal })
    } catch {
      // Altered: revoked anyway.
    }
    return { ...plainToken(row), scopes: [], revokedAt: null, revokedBy: null }
  }
}

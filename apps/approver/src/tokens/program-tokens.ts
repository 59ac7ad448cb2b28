import { action, HmsError, type Envelope, type OutgoingEvent, type TokenRecord, type TokenRequest } from '#libs/contracts'
import { EventSeal, Outbox } from '#libs/messaging'
import { Database } from '#libs/persistence'
import {
  storeToken,
  MAX_TOKENS,
  withoutSignature,
  readSignedToken,
  Rosters,
  Signals,
  TOKENS,
  TOKENS_CHANGED,
  type StoredToken,
} from '#libs/service'
import { mintToken } from '#libs/signing'
import { Injectable } from '@nestjs/common'

/** Issues and revokes API tokens. */
@Injectable()
export class ProgramTokens {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
    private readonly signals: Signals,
    private readonly seal: EventSeal,
  ) {}

  /** Issues a token. Its text is returned in the response and stored nowhere. */
  async issue(
    { scopes, region, name, expiresInMs }: TokenRequest & { expiresInMs: number },
    by: string,
  ): Promise<{ record: TokenRecord; token: string }> {
    const { token, id, hash } = mintToken()
    const record = await this.database.transaction(async (tx) => {
      if ((await tx.documents(TOKENS).count()) >= MAX_TOKENS) {
        const detail = `There are ${MAX_TOKENS} tokens; a token is deleted 30 days after it expired.`
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
      await storeToken(tx, issued, signedBy(event))
      return issued
    })
    this.signals.send(TOKENS_CHANGED)
    return { record, token }
  }

  /** Revokes a token permanently and ends its streams. The record stays. Revoking again changes nothing and returns the same record. */
  async revoke(id: string, by: string): Promise<TokenRecord> {
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

  /** Returns the row's signed content. Without a valid signature, leaves out scopes and revocation, because nothing proves them. */
  private signed(row: StoredToken): TokenRecord {
    try {
      if (row.signed !== undefined) return readSignedToken(row.signed, { roster: this.rosters.newest, seal: this.seal })
    } catch {
      // The row was altered; it can be revoked all the same.
    }
    return { ...withoutSignature(row), scopes: [], revokedAt: null, revokedBy: null }
  }
}

/** Returns the envelope of the published event, which authenticates the token's row. */
function signedBy({ value }: Pick<OutgoingEvent, 'value'>): Envelope {
  return JSON.parse(value!) as Envelope
}

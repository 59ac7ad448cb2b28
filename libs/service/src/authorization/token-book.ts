import type { TokenRecord } from '#libs/contracts'
import { VerifiedTokens } from './verified-tokens.js'
import type { Clock } from '#libs/platform'
import { type AddressUse, requireStreamKey, requireToken, streamKeyOf, tokenIdOf } from '#libs/signing'

/** API keys in memory, shared by the services of a process: every request needs them. An outdated record never reinstates a revoked key. */
export class TokenBook {
  readonly verified = new VerifiedTokens()
  private records = new Map<string, TokenRecord>()
  private readonly openUses = new Map<string, Set<() => void>>()

  constructor(private readonly clock: Clock) {}

  /** Replaces the content with the tables of this process's services; a record that no table contains is dropped. */
  replaceAll(records: readonly TokenRecord[]): void {
    const known = new Map<string, TokenRecord>()
    for (const record of records) {
      const before = known.get(record.id) ?? this.records.get(record.id)
      known.set(record.id, before !== undefined && before.revokedAt !== null ? before : record)
    }
    this.records = known
    this.endInvalid()
  }

  /** Adds a record that was just committed, before the next poll of the table. */
  add(record: TokenRecord): void {
    this.replaceAll([...this.records.values(), record])
  }

  /** Returns the record of a valid key. Throws 401 `HMS_AUTH_TOKEN_UNKNOWN`, `_REVOKED` or `_EXPIRED`. */
  require(token: string): TokenRecord {
    const id = tokenIdOf(token)
    return requireToken(token, id === undefined ? undefined : this.records.get(id), this.clock.now())
  }

  /** As `require`, for a key returned by `streamKey`. */
  requireStreamKey(key: string, use: AddressUse): TokenRecord {
    return requireStreamKey(key, this.records.get(key.split('.')[0]!), this.clock.now(), use)
  }

  /** Returns the stream key of an API key; call it only for a holder who has presented the API key. */
  streamKey(id: string): string | undefined {
    const record = this.records.get(id)
    return record === undefined ? undefined : streamKeyOf(record)
  }

  /** As `require`, but returns `undefined` for an invalid key. */
  valid(token: string): TokenRecord | undefined {
    try {
      return this.require(token)
    } catch {
      return undefined
    }
  }

  /** Calls `end` once when the key becomes invalid; the returned function unregisters it. */
  onInvalid(id: string, end: () => void): () => void {
    const ends = this.openUses.get(id) ?? new Set()
    this.openUses.set(id, ends.add(end))
    return () => {
      ends.delete(end)
      if (ends.size === 0 && this.openUses.get(id) === ends) this.openUses.delete(id)
    }
  }

  /** Ends everything opened with keys that are no longer valid. */
  endInvalid(): void {
    const nowMs = this.clock.now().getTime()
    for (const [id, ends] of this.openUses) {
      const record = this.records.get(id)
      if (record !== undefined && record.revokedAt === null && nowMs < Date.parse(record.expiresAt)) continue
      this.openUses.delete(id)
      for (const end of ends) end() // guard: token-release
    }
  }
}

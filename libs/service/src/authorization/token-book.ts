import type { TokenRecord } from '#libs/contracts'
import { BelievedTokens } from './believed-tokens.js'
import type { Clock } from '#libs/platform'
import { requireStreamKey, requireToken, streamKeyOf, tokenIdOf } from '#libs/signing'

/**
 * The keys of programs that this process knows, in memory: every request asks it. Services of one process share it. What it once learned as
 * revoked stays revoked, whatever an older copy says.
 */
export class TokenBook {
  /** Which rows count. */
  readonly believed = new BelievedTokens()
  private records = new Map<string, TokenRecord>()
  private readonly held = new Map<string, Set<() => void>>()

  constructor(private readonly clock: Clock) {}

  /** All that the tables of this process's services hold; what none of them keeps any more is forgotten. */
  learn(records: readonly TokenRecord[]): void {
    const known = new Map<string, TokenRecord>()
    for (const record of records) {
      const before = known.get(record.id) ?? this.records.get(record.id)
      known.set(record.id, before !== undefined && before.revokedAt !== null ? before : record)
    }
    this.records = known
    this.release()
  }

  /** What was just committed, ahead of the next look at the table. */
  add(record: TokenRecord): void {
    this.learn([...this.records.values(), record])
  }

  /** Throws 401 `HMS_AUTH_TOKEN_UNKNOWN`, `_REVOKED` or `_EXPIRED`. */
  require(token: string): TokenRecord {
    const id = tokenIdOf(token)
    return requireToken(token, id === undefined ? undefined : this.records.get(id), this.clock.now())
  }

  /** As `require`, for what `streamKey` gave out. */
  requireStreamKey(key: string): TokenRecord {
    return requireStreamKey(key, this.records.get(key.split('.')[0]!), this.clock.now())
  }

  /** For the holder of this key, who has shown it. */
  streamKey(id: string): string | undefined {
    const record = this.records.get(id)
    return record === undefined ? undefined : streamKeyOf(record)
  }

  /** The same as `require`, `undefined` for a key that does not count. */
  known(token: string): TokenRecord | undefined {
    try {
      return this.require(token)
    } catch {
      return undefined
    }
  }

  /** Calls `end` once when the key stops to count; the returned function is for who ends before. */
  hold(id: string, end: () => void): () => void {
    const ends = this.held.get(id) ?? new Set()
    this.held.set(id, ends.add(end))
    return () => {
      ends.delete(end)
      if (ends.size === 0 && this.held.get(id) === ends) this.held.delete(id)
    }
  }

  /** Ends what is held under keys that count no more. */
  release(): void {
    const nowMs = this.clock.now().getTime()
    for (const [id, ends] of this.held) {
      const record = this.records.get(id)
      if (record !== undefined && record.revokedAt === null && nowMs < Date.parse(record.expiresAt)) continue
      this.held.delete(id)
      for (const end of ends) end()
    }
  }
}

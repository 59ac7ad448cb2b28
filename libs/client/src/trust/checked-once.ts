import { jsonTextOf, toBase64 } from '#libs/contracts'
import { sha256, type Roster } from '#libs/signing'

/** Limits of the cache: number of documents, and their total text. The least recently used document is evicted. */
const MAX_KEPT = 1_000
const MAX_KEPT_CHARACTERS = 32 * 1024 * 1024

/** Caches a check of bytes and roster for all connections: a fleet of 1,000 in one process verified each document 1,000 times. */
export class CheckedOnce<Value, Result> {
  private readonly cached = new Map<string, { result: Result; characters: number }>()
  private characters = 0

  /** `check` must use only its arguments. Its result is shared and must not be modified. */
  constructor(private readonly check: (value: Value, roster: Roster) => Result) {}

  of(value: Value, roster: Roster): Result {
    const text = jsonTextOf(value)
    if (text === undefined) return this.check(value, roster)
    const key = `${roster.digest} ${toBase64(sha256(text))}`
    const found = this.cached.get(key)
    const result = found === undefined ? this.check(value, roster) : found.result
    this.keep(key, result, text.length)
    return result
  }

  private keep(key: string, result: Result, characters: number): void {
    if (!this.cached.delete(key)) this.characters += characters
    this.cached.set(key, { result, characters })
    for (const [oldest, { characters: dropped }] of this.cached) {
      if (this.cached.size <= MAX_KEPT && this.characters <= MAX_KEPT_CHARACTERS) return
      this.cached.delete(oldest)
      this.characters -= dropped
    }
  }
}

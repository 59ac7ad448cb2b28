import { createHash } from 'node:crypto'
import type { Roster } from '#libs/signing'

/** As many documents as a process may follow, and what their text may weigh together; the longest unused goes first. */
const MAX_KEPT = 1_000
const MAX_KEPT_CHARACTERS = 32 * 1024 * 1024

/**
 * A check that depends on bytes and roster alone, done once in a process for all connections: a fleet of 1,000 bots in one process verified
 * each document 1,000 times, which was most of the 1.5 to 1.9 s of a rollback. The key is a digest of all that is checked, so nobody can
 * have one document pass by the result of another; refusals are not kept.
 */
export class CheckedOnce<Value, Result> {
  private readonly kept = new Map<string, { result: Result; characters: number }>()
  private characters = 0

  /** `check` must not look at anything but its arguments; its result is shared and must not be changed. */
  constructor(private readonly check: (value: Value, roster: Roster) => Result) {}

  of(value: Value, roster: Roster): Result {
    const text = textOf(value)
    if (text === undefined) return this.check(value, roster)
    const key = `${roster.digest} ${createHash('sha256').update(text).digest('base64')}`
    const known = this.kept.get(key)
    const result = known === undefined ? this.check(value, roster) : known.result
    this.keep(key, result, text.length)
    return result
  }

  private keep(key: string, result: Result, characters: number): void {
    if (!this.kept.delete(key)) this.characters += characters
    this.kept.set(key, { result, characters })
    for (const [oldest, { characters: freed }] of this.kept) {
      if (this.kept.size <= MAX_KEPT && this.characters <= MAX_KEPT_CHARACTERS) return
      this.kept.delete(oldest)
      this.characters -= freed
    }
  }
}

/** `undefined` for what cannot be written: nested too deeply, or nothing at all. */
function textOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

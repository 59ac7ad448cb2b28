import { standing, type HeldDocument } from '#libs/evaluation'
import type { HeldDocumentSource } from '../connection/live-connection.js'

interface Seen {
  /** All that decides on what any reader sees of the policy. */
  mark: string
  keys: string[]
}

/** Which flags have changed for some reader since the last look: all keys of a policy, for its metadata are part of each. */
export class FlagChanges {
  private seen: Map<string, Seen>

  constructor(private readonly documents: HeldDocumentSource) {
    this.seen = this.read()
  }

  /** Sorted; those that are new or gone too. A lease that is renewed changes nothing. */
  look(): string[] {
    const before = this.seen
    this.seen = this.read()
    const ids = new Set([...before.keys(), ...this.seen.keys()])
    const changed = [...ids].filter((id) => before.get(id)?.mark !== this.seen.get(id)?.mark)
    return [...new Set(changed.flatMap((id) => [...(before.get(id)?.keys ?? []), ...(this.seen.get(id)?.keys ?? [])]))].sort()
  }

  private read(): Map<string, Seen> {
    const now = this.documents.nowMs()
    return new Map(this.documents.policies().map((id) => [id, seenOf(id, this.documents.of(id), now)]))
  }
}

function seenOf(id: string, documents: readonly HeldDocument[], now: number): Seen {
  const present = documents.map((held) => standing(held, now))
  const marks = present.map(({ head: { scope, current, share, salt, base } }) => [
    scope,
    current,
    share ?? null,
    salt ?? null,
    base ?? null,
  ])
  const fields = present.flatMap(({ value }) => (value === null ? [] : Object.keys(value)))
  const isThere = present.some(({ value }) => value !== null)
  return { mark: JSON.stringify(marks.sort()), keys: isThere ? [id, ...fields.map((field) => `${id}.${field}`)] : [] }
}

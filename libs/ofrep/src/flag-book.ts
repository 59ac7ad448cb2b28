import type { OfrepMetadata } from '#libs/contracts'
import type { HeldDocument, Reader } from '#libs/evaluation'
import { STABLE_SCOPE } from '#libs/signing'
import { createHash } from 'node:crypto'
import { flagsOf } from './flags.js'
import { resolve, type Resolution } from './resolve.js'

/** A copy of the policies, as an instance of config-store or a side-car holds it. */
export interface HeldPolicies {
  policies(): readonly string[]
  documentsOf(id: string): readonly HeldDocument[]
  /** By which leases end and later rules begin, in ms since 1970. */
  nowMs(): number
  /** Where the copy may be old. */
  state?(): OfrepMetadata['state']
  /** What each flag says of who verified it. */
  verification?: OfrepMetadata['verification']
}

/** JSON that was made once, and a digest of it: value, reason, variant and metadata, whatever the order of a context's attributes. */
export interface FlagText {
  json: string
  digest: string
}

/** Lists of all flags that are kept: readers differ by the canaries that cover them, and there are few at a time. */
const MAX_LISTS = 32

/**
 * All evaluations of one copy. Texts are made once per document and reason, so that a read costs no serialisation, and of the policies
 * that look the same to every reader none is evaluated again.
 */
export class FlagBook {
  private readonly texts = new WeakMap<object, Map<string, ReadonlyMap<string, FlagText>>>()
  private readonly lists = new Map<string, FlagText>()
  private parted: { same: string[]; differing: string[] } | undefined

  constructor(private readonly held: HeldPolicies) {}

  /** After the copy took documents. */
  forget(): void {
    this.parted = undefined
    this.lists.clear()
  }

  /** One flag, by `ID` or `ID.FIELD`; `undefined` where this reader has none. */
  flag(key: string, reader: Reader): FlagText | undefined {
    const dot = key.indexOf('.')
    const found = this.resolve(dot < 0 ? key : key.slice(0, dot), reader)
    return found === null ? undefined : this.textsOf(found).get(key)
  }

  /** All flags of this reader, separated by commas. */
  flags(reader: Reader): FlagText {
    const { same, differing } = (this.parted ??= this.part())
    const found = differing.flatMap((id) => this.resolve(id, reader) ?? [])
    const seen = JSON.stringify([
      this.held.state?.(),
      found.map(({ held, reason }) => [held.head.policy, held.head.scope, held.head.current, reason]),
    ])
    let list = this.lists.get(seen)
    if (list === undefined) {
      if (this.lists.size >= MAX_LISTS) this.lists.clear()
      const all = [...same.flatMap((id) => this.resolve(id, reader) ?? []), ...found].sort(byPolicy)
      this.lists.set(seen, (list = joined(all.flatMap((each) => [...this.textsOf(each).values()]))))
    }
    return list
  }

  private resolve(id: string, reader: Reader): Resolution | null {
    return resolve(this.held.documentsOf(id), reader, this.held.nowMs())
  }

  /**
   * Those with a single stable document that time does not change, and the others. What is in force by now may not be by a clock that is
   * corrected, so a rule that was once held for later is one of these.
   */
  private part(): { same: string[]; differing: string[] } {
    const isSame = (id: string): boolean => {
      const documents = this.held.documentsOf(id)
      return documents.every(({ head, next }) => head.scope === STABLE_SCOPE && next === null)
    }
    const [same, differing]: [string[], string[]] = [[], []]
    for (const id of this.held.policies()) (isSame(id) ? same : differing).push(id)
    return { same, differing }
  }

  /** By key. The document is the one that stands now: what a head makes of itself later is another. */
  private textsOf(found: Resolution): ReadonlyMap<string, FlagText> {
    const state = this.held.state?.()
    const { document } = found.held
    const byReason = this.texts.get(document) ?? new Map<string, ReadonlyMap<string, FlagText>>()
    this.texts.set(document, byReason)
    const said = `${found.reason} ${state ?? ''}`
    let texts = byReason.get(said)
    if (texts === undefined)
      byReason.set(
        said,
        (texts = new Map(
          flagsOf(found, { state, verification: this.held.verification }).map((flag) => [flag.key, textOf(JSON.stringify(flag))]),
        )),
      )
    return texts
  }
}

function joined(texts: readonly FlagText[]): FlagText {
  return textOf(texts.map(({ json }) => json).join(','))
}

function textOf(json: string): FlagText {
  return { json, digest: createHash('sha256').update(json).digest('hex').slice(0, 32) }
}

function byPolicy(a: Resolution, b: Resolution): number {
  return a.held.head.policy < b.held.head.policy ? -1 : 1
}

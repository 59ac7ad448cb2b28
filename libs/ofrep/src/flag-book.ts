import type { JsonObject, OfrepFlag, OfrepMetadata } from '#libs/contracts'
import { resolve, type Reader, type Resolution, type WatchedCopy } from '#libs/evaluation'
import { STABLE_SCOPE } from '#libs/signing'
import { createHash } from 'node:crypto'

/** Copy of the policies in an instance of config-store or a side-car. */
export interface HeldPolicies extends WatchedCopy {
  /** State of a copy that may be old. */
  state?(): OfrepMetadata['state']
  /** Verification metadata of each flag. */
  verification?: OfrepMetadata['verification']
}

/** Cached JSON with its digest: value, reason, variant and metadata, independent of the order of a context's attributes. */
export interface FlagText {
  json: string
  digest: string
}

/** Limit of cached lists of all flags: readers differ by the canaries that cover them, and there are few at a time. */
const MAX_LISTS = 32

/**
 * Evaluates flags from one copy. Texts are made once per document and reason, so a read costs no serialisation. Policies that are equal for
 * every reader are evaluated once.
 */
export class FlagBook {
  private readonly texts = new WeakMap<object, Map<string, ReadonlyMap<string, FlagText>>>()
  private readonly lists = new Map<string, FlagText>()
  private parted: { same: string[]; differing: string[] } | undefined

  constructor(private readonly held: HeldPolicies) {}

  /** Called after the copy received documents. */
  forget(): void {
    this.parted = undefined
    this.lists.clear()
  }

  /** Returns one flag, by `ID` or `ID.FIELD`; `undefined` if this reader has none. */
  flag(key: string, reader: Reader): FlagText | undefined {
    const dot = key.indexOf('.')
    const found = this.resolve(dot < 0 ? key : key.slice(0, dot), reader)
    return found === null ? undefined : this.textsOf(found).get(key)
  }

  /** Returns all flags of this reader, separated by commas. */
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
   * Separates policies with a single stable document that time does not change from the others. A release in force now may not be so by a
   * corrected clock, so a rule that was once held for later is one of the others.
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

  /** Returns the texts by key. They are cached by the current document: a head's later release is another one. */
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
        (texts = new Map(flagsOf(found, state, this.held.verification).map((flag) => [flag.key, textOf(JSON.stringify(flag))]))),
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

/** Returns the flag of the whole policy, then one for each member that OFREP can represent, which a null is not. */
function flagsOf({ held, reason }: Resolution, state: OfrepMetadata['state'], verification: OfrepMetadata['verification']): OfrepFlag[] {
  const { value: policy, head, firstRevision, document } = held
  const metadata: OfrepMetadata = {
    policyVersion: policy.version,
    revision: firstRevision,
    digest: head.current!,
    scope: head.scope,
    effective: policy.effective,
    ...(document.run === null ? {} : { runId: document.run }),
    ...(state === undefined ? {} : { state }),
    ...(verification === undefined ? {} : { verification }),
  }
  const flagOf = (key: string, value: OfrepFlag['value']): OfrepFlag => ({ key, value, reason, variant: policy.version, metadata })
  const fields = Object.entries(policy).flatMap(([field, value]) => {
    if (value === undefined || value === null) return []
    // The schema of OFREP has no lists, though most providers accept one.
    return flagOf(`${policy.id}.${field}`, Array.isArray(value) ? { items: value } : (value as OfrepFlag['value']))
  })
  return [flagOf(policy.id, { ...(policy as JsonObject) }), ...fields]
}

import { isObject, type Json, type JsonObject, type OfrepFlag, type OfrepMetadata, remembered } from '#libs/contracts'
import { resolve, type PolicyValue, type Reader, type Resolution, type WatchedCopy } from '#libs/evaluation'
import { STABLE_SCOPE } from '#libs/signing'
import { createHash } from 'node:crypto'

/** Copy of the policies in an instance of config-store or a side-car. */
export interface HeldPolicies extends WatchedCopy {
  /** Returns whether the copy is fresh or may be old; without it, flags carry no state. */
  state?(): OfrepMetadata['state']
  verification?: OfrepMetadata['verification']
  /** Returns whether the schema of a policy calls the value at a path a number; `undefined` without a schema. */
  numbersOf?(policy: PolicyValue): IsNumber | undefined
}

export type IsNumber = (path: readonly string[]) => boolean

/** Serialised flag or list of flags. The digest covers the result alone (value, reason, variant, metadata), not the context. */
export interface FlagText {
  json: string
  digest: string
}

/** Limit of cached lists of all flags. Lists differ only by the canaries that a reader is in, and few canaries run at a time. */
const MAX_LISTS = 32

/** Evaluates flags from one copy, serialised once per reason. Policies that are alike for every reader are evaluated once for all. */
export class FlagBook {
  private texts = new WeakMap<object, Map<string, ReadonlyMap<string, FlagText>>>()
  private readonly lists = new Map<string, FlagText>()
  private split: { uniform: string[]; perReader: string[] } | undefined

  constructor(private readonly held: HeldPolicies) {}

  /** Called after the copy received documents. */
  invalidate(): void {
    this.split = undefined
    this.lists.clear()
  }

  /** Called when the schemas of policies changed. */
  rewrite(): void {
    this.texts = new WeakMap()
    this.invalidate()
  }

  /** Returns one flag, by `ID` or `ID.FIELD`; `undefined` if this reader has none. */
  flag(key: string, reader: Reader): FlagText | undefined {
    const dot = key.indexOf('.')
    const found = this.resolve(dot < 0 ? key : key.slice(0, dot), reader)
    return found === null ? undefined : this.textsOf(found).get(key)
  }

  /** Returns the JSON of all flags of this reader, separated by commas and without brackets. */
  flags(reader: Reader): FlagText {
    const { uniform, perReader } = (this.split ??= this.splitPolicies())
    const found = perReader.flatMap((id) => this.resolve(id, reader) ?? [])
    const cacheKey = JSON.stringify([
      this.held.state?.(),
      found.map(({ held, reason }) => [held.head.policy, held.head.scope, held.head.current, reason]),
    ])
    return remembered(this.lists, MAX_LISTS, cacheKey, () => {
      const all = [...uniform.flatMap((id) => this.resolve(id, reader) ?? []), ...found].sort((a, b) =>
        a.held.head.policy < b.held.head.policy ? -1 : 1,
      )
      return textOf(all.flatMap((each) => [...this.textsOf(each).values()].map(({ json }) => json)).join(','))
    })
  }

  private resolve(id: string, reader: Reader): Resolution | null {
    return resolve(this.held.documentsOf(id), reader, this.held.nowMs())
  }

  /**
   * Splits the policies into those that evaluate alike for every reader at any time (`uniform`: one stable document, nothing scheduled) and
   * the rest (`perReader`). A scheduled release in force stays in the rest: a clock correction can make its time a future one again.
   */
  private splitPolicies(): { uniform: string[]; perReader: string[] } {
    const isUniform = (id: string): boolean => {
      const documents = this.held.documentsOf(id)
      return documents.every(({ head, next }) => head.scope === STABLE_SCOPE && next === null)
    }
    const [uniform, perReader]: [string[], string[]] = [[], []]
    for (const id of this.held.policies()) (isUniform(id) ? uniform : perReader).push(id)
    return { uniform, perReader }
  }

  /** Returns the serialised flags by key, cached per document object: a scheduled release that came into force is a different object. */
  private textsOf(found: Resolution): ReadonlyMap<string, FlagText> {
    const state = this.held.state?.()
    const { document } = found.held
    const byReason = this.texts.get(document) ?? new Map<string, ReadonlyMap<string, FlagText>>()
    this.texts.set(document, byReason)
    const cacheKey = `${found.reason} ${state ?? ''}`
    let texts = byReason.get(cacheKey)
    if (texts === undefined)
      byReason.set(
        cacheKey,
        (texts = new Map(flagsOf(found, state, this.held.verification).map((flag) => [flag.key, textOf(this.write(flag, found))]))),
      )
    return texts
  }

  private write({ key, value, ...rest }: OfrepFlag, { held }: Resolution): string {
    const isNumber = this.held.numbersOf?.(held.value)
    if (isNumber === undefined) return JSON.stringify({ key, value, ...rest })
    const [, field] = key.split(/\.(.*)/s)
    // A list is wrapped in an object.
    const isWrapped = field !== undefined && Array.isArray(held.value[field])
    const written = isWrapped
      ? `{"items":${writeValue((value as JsonObject)['items'], [field], isNumber)}}`
      : writeValue(value as Json, field === undefined ? [] : [field], isNumber)
    return `{"key":${JSON.stringify(key)},"value":${written},${JSON.stringify(rest).slice(1)}`
  }
}

/** Writes the value of a flag. A whole number that its schema calls a number gets `.0`, for languages that tell the two apart. */
function writeValue(value: Json | undefined, path: readonly string[], isNumber: IsNumber): string {
  if (typeof value === 'number' && Number.isInteger(value) && isNumber(path)) return JSON.stringify(value).replace(/^-?\d+$/, '$&.0')
  if (Array.isArray(value)) return `[${value.map((each, index) => writeValue(each, [...path, String(index)], isNumber)).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}:${writeValue(each, [...path, name], isNumber)}`)
  return `{${members.join(',')}}`
}

function textOf(json: string): FlagText {
  return { json, digest: createHash('sha256').update(json).digest('hex').slice(0, 32) }
}

/** Returns the flag of the whole policy, then one flag for each member. Null members are skipped, because OFREP has no null value. */
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
    // The OFREP schema has no list values, although most providers accept them.
    return flagOf(`${policy.id}.${field}`, Array.isArray(value) ? { items: value } : (value as OfrepFlag['value']))
  })
  return [flagOf(policy.id, { ...(policy as JsonObject) }), ...fields]
}

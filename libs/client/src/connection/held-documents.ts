import { peekPredicate, type ConfigDocument } from '#libs/contracts'
import { effectiveMs, SignatureError, STABLE_SCOPE, type ReleasePredicate, type StableHead } from '#libs/signing'
import type { DocumentTrust } from '../trust/document-trust.js'
import { evaluate, markIncompleteBundles, type HeldDocument, type InForce, type Reader } from '#libs/evaluation'

export interface RefusedDocument {
  document: ConfigDocument
  error: SignatureError
}

/** Local copy: the newest document per policy and scope. Includes withdrawals, so that documents with a lower `seq` stay refused. */
export class HeldDocuments {
  private byPolicy = new Map<string, Map<string, HeldDocument>>()
  /** Documents before their effective time, by policy and scope. */
  private readonly early = new Map<string, ConfigDocument>()

  /** `trust` verifies every document before it is used, from a feed and from disk alike. */
  constructor(private readonly trust: Pick<DocumentTrust, 'admit'>) {}

  /** Applies documents by `seq`. Returns the refused, also early ones. Policies missing in a snapshot stay: only a signed head ends one. */
  apply(documents: readonly ConfigDocument[], now: number): RefusedDocument[] {
    const refused = documents.flatMap((document) => {
      try {
        const admitted = this.trust.admit(document)
        if (document.seq >= (this.early.get(documentKey(document))?.seq ?? 0)) this.early.delete(documentKey(document))
        if (document.seq > (this.find(document)?.document.seq ?? -1)) this.store(admitted)
        return []
      } catch (error) {
        if (!(error instanceof SignatureError)) throw error
        if (error.code === 'HMS_RELEASE_NOT_EFFECTIVE') this.early.set(documentKey(document), document)
        return [{ document, error }]
      }
    })
    for (const held of markIncompleteBundles([...this.values()], now)) this.byPolicy.get(held.head.policy)!.set(held.head.scope, held)
    return refused
  }

  /** Drops all policies but these, because this reader does not receive changes to other policies. */
  keepOnly(kept: ReadonlySet<string>): void {
    for (const id of this.byPolicy.keys()) if (!kept.has(id)) this.byPolicy.delete(id)
    for (const [key, { id }] of this.early) if (!kept.has(id)) this.early.delete(key)
  }

  /** Returns the stable heads, including withdrawals and heads whose release is not effective yet. */
  stableHeads(): StableHead[] {
    const ownHeads = [...this.byPolicy.values()].flatMap((scopes) => scopes.get(STABLE_SCOPE)?.head ?? [])
    const heads = new Map<string, StableHead>(ownHeads.map((head) => [head.policy, head]))
    for (const { id, scope, seq, digest } of this.early.values())
      if (scope === STABLE_SCOPE) heads.set(id, { policy: id, seq, current: digest })
    return [...heads.values()]
  }

  /** Returns the next effective time of a release after `now`, in epoch milliseconds; `null` if there is none. */
  nextEffective(now: number): number | null {
    const times = [...this.early.values()].map(effectiveOf)
    for (const { next } of this.values()) if (next !== null && next.atMs > now) times.push(next.atMs)
    return times.length === 0 ? null : Math.min(...times)
  }

  /** Returns the digests of releases that are not effective yet, by policy id. */
  notYetEffective(now: number): Record<string, string[]> {
    const digests: Record<string, string[]> = {}
    const add = (id: string, digest: string): void => void (digests[id] ??= []).push(digest)
    for (const { id, digest } of this.early.values()) if (digest !== null) add(id, digest)
    for (const { head, next } of this.values()) if (next !== null && next.atMs > now) add(head.policy, next.held.head.current!)
    return digests
  }

  /** Applies early documents whose effective time has come, and drops refused ones. Returns whether any was due. */
  applyDue(now: number): boolean {
    const due = [...this.early.values()].filter((document) => effectiveOf(document) <= now)
    for (const document of due) this.early.delete(documentKey(document))
    this.apply(due, now)
    return due.length > 0
  }

  /** Returns all documents. Early documents come last, because they are the newest of their policy and scope. */
  all(): ConfigDocument[] {
    return [...[...this.values()].map(({ document }) => document), ...this.early.values()]
  }

  inForce(reader: Reader, now: number): Map<string, InForce> {
    const values = new Map<string, InForce>()
    for (const [id, scopes] of this.byPolicy) {
      const value = evaluate([...scopes.values()], reader, now)
      if (value !== null) values.set(id, value)
    }
    return values
  }

  documentsOf(id: string): HeldDocument[] {
    return [...(this.byPolicy.get(id)?.values() ?? [])]
  }

  policies(): string[] {
    return [...this.byPolicy.keys()]
  }

  private *values(): Iterable<HeldDocument> {
    for (const scopes of this.byPolicy.values()) yield* scopes.values()
  }

  private find({ id, scope }: ConfigDocument): HeldDocument | undefined {
    return this.byPolicy.get(id)?.get(scope)
  }

  private store(held: HeldDocument): void {
    const { document } = held
    const before = this.find(document)
    const isSame = before !== undefined && before.document.digest === document.digest
    const { firstRevision } = isSame ? before : held
    const scopes = this.byPolicy.get(document.id) ?? new Map<string, HeldDocument>()
    this.byPolicy.set(document.id, scopes.set(document.scope, { ...held, firstRevision }))
  }
}

/** Returns the key `policy@scope` of an unverified document. */
export function documentKey(document: ConfigDocument | undefined): string {
  return `${document?.id}@${document?.scope}`
}

function effectiveOf({ release }: ConfigDocument): number {
  return release === null ? 0 : effectiveMs(peekPredicate<Pick<ReleasePredicate, 'policy'>>(release).policy)
}

import type { Json } from '#libs/contracts'
import type { HeldDocument, Reader } from '#libs/evaluation'
import type { HeldPolicies } from '../flag-book.js'

export const NOW = Date.parse('2026-01-01T00:00:00Z')
export const ANYONE: Reader = { bot: 'bot-1' }
export const IN_NCR: Reader = { bot: 'bot-1', region: 'NCR' }

export interface HeldOptions {
  version?: string
  scope?: string
  revision?: number
  firstRevision?: number
  run?: number | null
  fields?: Record<string, Json>
  /** Options of a canary head. */
  canary?: { base: string | null; share?: number; expires?: string }
  /** Scheduled release, in force from `at` (ms) on. */
  next?: { at: number; version: string }
}

/** Builds a document of a copy without signatures, because the code under test does not verify them. */
export function heldDocument(id: string, options: HeldOptions = {}): HeldDocument {
  const {
    version = '1.0.0',
    scope = 'global',
    revision = 1,
    firstRevision = revision,
    run = 7,
    fields = { limit: 25 },
    canary,
    next,
  } = options
  const digest = `sha256:${id}@${version}`
  const head = { policy: id, scope, seq: revision, current: digest, issuedAt: '2026-01-01T00:00:00Z', ...canaryHead(canary) }
  const envelope = { payload: '', payloadType: '', signatures: [] }
  const document = { id, scope, seq: revision, revision, version, digest, run, head: envelope, release: envelope, proof: null }
  const value = { id, version, effective: '2024-09-01T00:00:00Z', ...fields }
  const later =
    next === undefined ? null : { atMs: next.at, held: heldDocument(id, { ...options, version: next.version, next: undefined }) }
  return { document, head, value, firstRevision, next: later }
}

function canaryHead(canary: HeldOptions['canary']): object {
  return canary === undefined ? {} : { share: 10_000, ...canary }
}

/** Copy of policies for tests, which set its documents and its time. */
export class FakeHeldPolicies implements HeldPolicies {
  now = NOW
  staleness: 'READY' | 'STALE' | undefined
  /** Number of calls of `documentsOf`. */
  documentReads = 0
  private readonly byPolicy = new Map<string, HeldDocument[]>()

  set(...documents: HeldDocument[]): this {
    const id = documents[0]!.document.id
    this.byPolicy.set(id, documents)
    return this
  }

  policies(): string[] {
    return [...this.byPolicy.keys()]
  }

  documentsOf(id: string): HeldDocument[] {
    this.documentReads++
    return this.byPolicy.get(id) ?? []
  }

  nowMs(): number {
    return this.now
  }

  state(): 'READY' | 'STALE' | undefined {
    return this.staleness
  }
}

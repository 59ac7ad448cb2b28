import { createHash } from 'node:crypto'
import { verifiedChange, SignatureError, STABLE_SCOPE, verifyHead, type Roster, type VerifiedHead } from '#libs/signing'
import { documentId, type StoredDocument } from './head.table.js'
import { originOf } from './origin.js'

/** Reason why a stored row does not verify: `code` of the violated rule. */
export interface RowRefusal {
  policy: string
  scope: string
  code: string
  detail: string
}

/** `document`: the row with every provable member taken from the signed documents. */
export type RowVerdict = { document: StoredDocument; verified: VerifiedHead } | { refusal: RowRefusal }

/** Limit of cached results: enough for ten thousand policies, each with a canary. */
const MAX_CACHED = 20_000

/**
 * Verifies rows of `config_store.document`, which a database owner can write, as readers do: right service, roster's approvals, witnessed
 * log, release that the head names. Caches results by row and roster. Signatures do not cover the store's own record of time and order.
 */
export class RowVerifier {
  private readonly outcomes = new Map<string, { key: string; outcome: VerifiedHead | RowRefusal }>()

  verify(row: StoredDocument, roster: Roster): RowVerdict {
    const place = documentId(row.id, row.scope)
    const key = digestOfRow(row, roster)
    const known = this.outcomes.get(place)
    const outcome = known?.key === key ? known.outcome : verifyRow(row, roster)
    this.cache(place, key, outcome)
    return 'code' in outcome ? { refusal: outcome } : { document: provenRow(row, outcome, roster), verified: outcome }
  }

  private cache(place: string, key: string, outcome: VerifiedHead | RowRefusal): void {
    this.outcomes.delete(place)
    if (this.outcomes.size >= MAX_CACHED) this.outcomes.delete(this.outcomes.keys().next().value!)
    this.outcomes.set(place, { key, outcome })
  }
}

function verifyRow(row: StoredDocument, roster: Roster): VerifiedHead | RowRefusal {
  try {
    const verified = verifyHead(row, roster)
    const mismatch = mismatchOf(row, verified)
    if (mismatch === undefined) return verified // guard: rows-verified
    throw new SignatureError('HMS_HEAD_MALFORMED', `the row has another ${mismatch} than its signed head or release`)
  } catch (error) {
    const [code, detail] =
      error instanceof SignatureError ? [error.code, error.detail] : ['HMS_HEAD_MALFORMED', 'the row holds no head and release']
    return { policy: String(row.id), scope: String(row.scope), code, detail }
  }
}

function mismatchOf(row: StoredDocument, { head, release }: VerifiedHead): string | undefined {
  const signed: Partial<Record<keyof StoredDocument, unknown>> = {
    id: head.policy,
    scope: head.scope,
    seq: head.seq,
    digest: head.current,
    run: head.run ?? null,
    version: release?.predicate.policy.version ?? null,
  }
  return Object.keys(signed).find((member) => row[member as keyof StoredDocument] !== signed[member as keyof StoredDocument])
}

/** Builds the row from signed content, without members the head does not name; authors and approvers come from signatures. */
function provenRow(row: StoredDocument, { head, release, next }: VerifiedHead, roster: Roster): StoredDocument {
  const { next: _next, nextOrigin: _nextOrigin, ended, release: _release, proof: _proof, change: claimed, ...rest } = row
  const change = verifiedChange(claimed, { policy: head.policy }, roster)
  return {
    ...rest,
    ...originOf(release), // guard: rows-signers
    ...(change === undefined ? {} : { change }),
    release: release?.envelope ?? null,
    proof: release?.proof ?? null,
    ...(next === null ? {} : { next: { release: next.release.envelope, proof: next.release.proof }, nextOrigin: originOf(next.release) }),
    // Only the document of a canary can end.
    ...(ended === true && head.scope !== STABLE_SCOPE ? { ended } : {}),
  }
}

function digestOfRow({ id, scope, seq, digest, run, version, head, release, proof, next }: StoredDocument, roster: Roster): string {
  const text = JSON.stringify([roster.digest, id, scope, seq, digest, run, version, head, release, proof, next ?? null])
  return createHash('sha256').update(text).digest('base64')
}

import type { ConfigDocument, Envelope, Json } from '#libs/contracts'
import { digestOf, statement, STATEMENT_TYPE, type HeadPredicate } from '#libs/signing'

/** Head members of a sample beside what a document always has. */
export interface SampleHead extends Partial<Omit<HeadPredicate, 'policy' | 'current'>> {
  /** `null` makes a document that names no release: withdrawn, or the end of a first version's canary. */
  policy: { id: string; version: string; [field: string]: Json | undefined } | null
  id?: string
  revision?: number
}

/** An unsigned document as config-store would hand it out. */
export function sampleDocument(sample: SampleHead): ConfigDocument {
  const { policy, id = policy?.id ?? 'epa-pm25-limit', scope = 'global', seq = 1, revision = seq, ...head } = sample
  const release = policy === null ? null : envelopeOf('release', { policy: { effective: '2024-09-01T00:00:00Z', ...policy } })
  const digest = release === null ? null : digestOf(Buffer.from(release.payload, 'base64'))
  const predicate: HeadPredicate = { policy: id, scope, seq, current: digest, issuedAt: '2024-09-01T00:00:00Z', ...head }
  return { id, scope, seq, revision, version: policy?.version ?? null, digest, run: null, head: envelopeOf('head', predicate), release, proof: null }
}

function envelopeOf(type: string, predicate: unknown): Envelope {
  const payload = statement(type, [{ name: type, digest: { sha256: '0'.repeat(64) } }], predicate)
  return { payload: payload.toString('base64'), payloadType: STATEMENT_TYPE, signatures: [] }
}

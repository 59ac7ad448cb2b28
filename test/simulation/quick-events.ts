import type { Envelope } from '#libs/contracts'
import type { EventPredicate, SignedDocument, Signer } from '#libs/signing'

/**
 * Twin of `signEvent` and `readEvent` for one process: what was signed is kept here, and the envelope names it by a number. An event is
 * signed once and read by three services; canonical forms, digests and signatures of the true ones were nine tenths of a seed. It cannot
 * tell a forged event from a true one: that has its tests in `libs/signing`, and `true-signatures.spec.ts` plays seeds without this twin.
 */
const signed: SignedDocument<EventPredicate>[] = []

export async function signEvent(predicate: EventPredicate, signer: Signer): Promise<Envelope> {
  // Through JSON, as on the wire: what has no JSON form must not reach a reader here either.
  const kept = frozen(JSON.parse(JSON.stringify(predicate)) as EventPredicate)
  const payload = Buffer.from(String(signed.length))
  signed.push({ predicate: kept, payload, digest: '', keyids: [signer.keyid], invalid: [] })
  return { payload: payload.toString('base64'), payloadType: QUICK, signatures: [{ keyid: signer.keyid, sig: '' }] }
}

export function readEvent(envelope: unknown): SignedDocument<EventPredicate> {
  const { payload, payloadType } = envelope as Envelope
  const known = payloadType === QUICK ? signed[Number(Buffer.from(payload, 'base64').toString())] : undefined
  if (known === undefined) throw new TypeError('this event was not signed here')
  return known
}

/** Between seeds. */
export function forgetEvents(): void {
  signed.length = 0
}

export const QUICK = 'a number in the memory of this process'

/** Readers share one copy: who changes it is to hear of it. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const member of Object.values(value)) frozen(member)
  return Object.freeze(value)
}

import type { Envelope } from '#libs/contracts'
import { frozenJson } from '#libs/persistence'
import type { EventPredicate, SignedDocument, Signer } from '#libs/signing'

/**
 * Twin of `signEvent` and `readEvent` for one process: what was signed is kept here, and the envelope names it by a number. An event is
 * signed once and read by three services; canonical forms, digests and signatures of the true ones were nine tenths of a seed. It cannot
 * tell a forged event from a true one: that has its tests in `libs/signing`, and `true-signatures.spec.ts` plays seeds without this twin.
 */
const signed = new Map<string, SignedDocument<EventPredicate>>()

export async function signEvent(predicate: EventPredicate, signer: Signer): Promise<Envelope> {
  // In its JSON form, as on the wire: what has none must not reach a reader here either. Readers share it: who changes it is to hear of it.
  const kept = frozenJson(predicate)
  const bytes = Buffer.from(String(signed.size))
  const payload = bytes.toString('base64')
  signed.set(payload, { predicate: kept, payload: bytes, digest: '', keyids: [signer.keyid], invalid: [] })
  return { payload, payloadType: QUICK, signatures: [{ keyid: signer.keyid, sig: '' }] }
}

export function readEvent(envelope: unknown): SignedDocument<EventPredicate> {
  const { payload, payloadType } = envelope as Envelope
  const known = payloadType === QUICK ? signed.get(payload) : undefined
  if (known === undefined) throw new TypeError('this event was not signed here')
  return known
}

/** Between seeds. */
export function forgetEvents(): void {
  signed.clear()
}

export const QUICK = 'a number in the memory of this process'

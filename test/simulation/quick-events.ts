import type { Envelope } from '#libs/contracts'
import type { EventPredicate, SignedDocument, Signer } from '#libs/signing'

/**
 * Twin of `signEvent` and `readEvent` for one process: what was signed here is remembered, and reading it again costs a look. An event is
 * signed once and read by three services, and with the true ones that was nine tenths of a seed. What it cannot tell is a forged event from
 * a true one; that has its tests in `libs/signing`, and `true-signatures.spec.ts` plays seeds without this twin.
 */
const signed = new Map<string, SignedDocument<EventPredicate>>()

export async function signEvent(predicate: EventPredicate, signer: Signer): Promise<Envelope> {
  const text = JSON.stringify(predicate)
  const payload = Buffer.from(text)
  const envelope = { payload: payload.toString('base64'), payloadType: 'application/vnd.in-toto+json', signatures: [{ keyid: signer.keyid, sig: '' }] }
  signed.set(envelope.payload, { predicate: JSON.parse(text) as EventPredicate, payload, digest: '', keyids: [signer.keyid], invalid: [] })
  return envelope
}

export function readEvent(envelope: unknown): SignedDocument<EventPredicate> {
  const known = signed.get((envelope as Envelope).payload)
  if (known === undefined) throw new TypeError('this event was not signed here')
  return known
}

/** Between seeds. */
export function forgetEvents(): void {
  signed.clear()
}

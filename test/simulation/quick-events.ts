import type { Envelope } from '#libs/contracts'
import type { EventSeal } from '#libs/messaging'
import { frozenJson } from '#libs/persistence/testing'
import type { EventPredicate, Signer } from '#libs/signing'

/**
 * Twin of the seal of events for one process: what was signed is kept here, and the envelope names it by a number. An event is signed once
 * and read by three services; canonical forms, digests and signatures of the true ones were nine tenths of a seed. It cannot tell a forged
 * event from a true one: that has its tests in `libs/signing`, and `true-signatures.spec.ts` plays seeds without this twin.
 */
const signed = new Map<string, EventPredicate>()

async function sign(predicate: EventPredicate, signer: Signer): Promise<Envelope> {
  // In its JSON form, as on the wire: what has none must not reach a reader here either. Readers share it: a change of it throws.
  const kept = frozenJson(predicate)
  const payload = Buffer.from(String(signed.size)).toString('base64')
  signed.set(payload, kept)
  return { payload, payloadType: QUICK, signatures: [{ keyid: signer.keyid, sig: '' }] }
}

function read(envelope: unknown): { predicate: EventPredicate } {
  const { payload, payloadType } = envelope as Envelope
  const known = payloadType === QUICK ? signed.get(payload) : undefined
  if (known === undefined) throw new TypeError('this event was not signed here')
  return { predicate: known }
}

export const QUICK_SEAL: EventSeal = { sign, read }

/** Between seeds. */
export function forgetEvents(): void {
  signed.clear()
}

export const QUICK = 'a number in the memory of this process'

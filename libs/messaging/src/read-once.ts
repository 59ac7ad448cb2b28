import type { KeyObject } from 'node:crypto'
import { deepFreeze, type Envelope } from '#libs/contracts'
import type { EventPredicate } from '#libs/signing'
import type { EventSeal } from './event-seal.js'

/** Events of a run or two; what was let go is verified again. A parsed event takes some three times its payload. */
const MAX_EVENTS = 256
const MAX_CHARACTERS = 16 * 1024 * 1024

/** What was found true: this key signed this payload. */
interface Read {
  payload: string
  payloadType: string
  keyid: string
  key: KeyObject
  predicate: EventPredicate
}

/**
 * The seal of events for services that share a process: who reads an event second finds what the first one verified, if its own roster has
 * the same key under the same name. An event has three to five readers, and verifying was a fifth of a run (`npm run bench -- pipeline`,
 * embedded). Readers share the predicate: who changes it is to hear of it.
 */
export function readOnce(seal: EventSeal): EventSeal {
  const known = new Map<string, Read>()
  let characters = 0
  const forget = (sig: string): void => {
    characters -= known.get(sig)?.payload.length ?? 0
    known.delete(sig)
  }
  return {
    sign: seal.sign,
    read(envelope, keys) {
      // Nothing is taken from here that the seal would not take: the whole envelope must be the one that it took.
      const signature = onlySignature(envelope)
      if (signature === undefined) return seal.read(envelope, keys)
      const found = known.get(signature.sig)
      if (found !== undefined && isSame(found, envelope as Envelope, signature.keyid) && keys.get(found.keyid)?.equals(found.key) === true)
        return { predicate: found.predicate }
      const { predicate } = seal.read(envelope, keys)
      const key = keys.get(signature.keyid)
      if (key === undefined) return { predicate }
      const { payload, payloadType } = envelope as Envelope
      forget(signature.sig)
      known.set(signature.sig, { payload, payloadType, keyid: signature.keyid, key, predicate: deepFreeze(predicate) })
      characters += payload.length
      for (const oldest of known.keys()) {
        if (known.size <= MAX_EVENTS && characters <= MAX_CHARACTERS) break
        forget(oldest)
      }
      return { predicate }
    },
  }
}

function isSame(found: Read, { payload, payloadType }: Envelope, keyid: string): boolean {
  return found.payload === payload && found.payloadType === payloadType && found.keyid === keyid
}

/** Events have one signature, with the name of its key; others are read as they come. */
function onlySignature(envelope: unknown): { keyid: string; sig: string } | undefined {
  const { payload, signatures } = (envelope ?? {}) as Partial<Envelope>
  if (typeof payload !== 'string' || !Array.isArray(signatures) || signatures.length !== 1) return undefined
  const { keyid, sig } = (signatures[0] ?? {}) as Partial<Envelope['signatures'][number]>
  return typeof keyid === 'string' && keyid !== '' && typeof sig === 'string' ? { keyid, sig } : undefined
}

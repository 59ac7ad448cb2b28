import { type EventPredicate, readEvent, signEvent } from '#libs/signing'
import type { KeyObject } from 'node:crypto'
import { deepFreeze, type Envelope } from '#libs/contracts'

/** Signs the events of a service and verifies those of others. `read` throws `SignatureError` if none of `keys` signed the event. */
export abstract class EventSeal {
  abstract readonly sign: typeof signEvent
  abstract readonly read: (...args: Parameters<typeof readEvent>) => { predicate: EventPredicate }
}

/** Seals events as in-toto statements in DSSE envelopes. */
export const STATEMENT_SEAL: EventSeal = { sign: signEvent, read: readEvent }

/** Cache limits, enough for one or two runs. An evicted event is verified again. A parsed event takes about three times its payload. */
const MAX_EVENTS = 256
const MAX_CHARACTERS = 16 * 1024 * 1024

/** Result of a verification: this key signed this payload. */
interface CachedRead {
  payload: string
  payloadType: string
  keyid: string
  key: KeyObject
  predicate: EventPredicate
}

/**
 * Wraps a seal for services of one process: a reader reuses another's verification of an event if its own roster has the same key under the
 * same id. Verifying for 3 to 5 readers was a fifth of a run (`npm run bench -- pipeline`). Readers must not modify the shared predicate.
 */
export function withReadCache(seal: EventSeal): EventSeal {
  const cache = new Map<string, CachedRead>()
  let characters = 0
  const evict = (sig: string): void => {
    characters -= cache.get(sig)?.payload.length ?? 0
    cache.delete(sig)
  }
  return {
    sign: seal.sign,
    read(envelope, keys) {
      // A cached result is used only if the whole envelope equals the verified one.
      const signature = onlySignature(envelope)
      if (signature === undefined) return seal.read(envelope, keys)
      const hit = cache.get(signature.sig)
      if (hit !== undefined && isSame(hit, envelope as Envelope, signature.keyid) && keys.get(hit.keyid)?.equals(hit.key) === true)
        return { predicate: hit.predicate } // guard: read-once-key
      const { predicate } = seal.read(envelope, keys)
      const key = keys.get(signature.keyid)
      if (key === undefined) return { predicate }
      const { payload, payloadType } = envelope as Envelope
      evict(signature.sig)
      cache.set(signature.sig, { payload, payloadType, keyid: signature.keyid, key, predicate: deepFreeze(predicate) })
      characters += payload.length
      for (const oldest of cache.keys()) {
        if (cache.size <= MAX_EVENTS && characters <= MAX_CHARACTERS) break // guard: read-once-bytes
        evict(oldest)
      }
      return { predicate }
    },
  }
}

function isSame(cached: CachedRead, { payload, payloadType }: Envelope, keyid: string): boolean {
  return cached.payload === payload && cached.payloadType === payloadType && cached.keyid === keyid // guard: read-once-payload
}

/** Returns the only signature of an envelope, with its key id; `undefined` if there is not exactly one. Other envelopes are not cached. */
function onlySignature(envelope: unknown): { keyid: string; sig: string } | undefined {
  const { payload, signatures } = (envelope ?? {}) as Partial<Envelope>
  if (typeof payload !== 'string' || !Array.isArray(signatures) || signatures.length !== 1) return undefined
  const { keyid, sig } = (signatures[0] ?? {}) as Partial<Envelope['signatures'][number]>
  return typeof keyid === 'string' && keyid !== '' && typeof sig === 'string' ? { keyid, sig } : undefined
}

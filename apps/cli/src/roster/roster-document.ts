import type { Envelope } from '#libs/contracts'
import { keyIdOf, NOTE_COSIGNATURE, NOTE_ED25519, rawPublicKey, signRoster, spkiToKey, vkeyOf, type RosterKey, type RosterPredicate } from '#libs/signing'

/** A log or witness as a person writes it: a vkey, or the name that checkpoints carry and the public key. */
type Named = string | { name: string; spki: string }

/** What a person writes of a roster: key ids and vkeys can be left to us. */
export type RosterDocument = Omit<RosterPredicate, 'log' | 'witnesses'> & { log?: Named; witnesses?: Named[] }

/** The unsigned statement of a roster, or the signed one that `document` is already. */
export async function rosterEnvelope(document: object): Promise<Envelope> {
  if (isEnvelope(document)) return document
  const { principals, log, witnesses, ...rest } = document as RosterDocument
  const named = typeof principals === 'object' && principals !== null ? Object.entries(principals).map(([id, each]) => [id, { ...each, keys: withKeyIds(each?.keys) }]) : undefined
  return signRoster({
    ...rest,
    principals: named === undefined ? principals : (Object.fromEntries(named) as RosterPredicate['principals']),
    ...(log === undefined ? {} : { log: vkeyFor(log, NOTE_ED25519) }),
    ...(witnesses === undefined ? {} : { witnesses: Array.isArray(witnesses) ? witnesses.map((witness) => vkeyFor(witness, NOTE_COSIGNATURE)) : witnesses }),
  }, [])
}

export function isEnvelope(document: object): document is Envelope {
  return 'payloadType' in document
}

/** What a key's fingerprint is nobody has to write. */
function withKeyIds(keys: RosterKey[] | undefined): RosterKey[] | undefined {
  if (!Array.isArray(keys)) return keys
  return keys.map((key) => (key.keyid === undefined && typeof key.spki === 'string' ? { ...key, keyid: keyIdOf(spkiToKey(key.spki)) } : key))
}

function vkeyFor(named: Named, type: number): string {
  if (typeof named !== 'object' || named === null || typeof named.name !== 'string' || typeof named.spki !== 'string') return named as string
  return vkeyOf(named.name, type, rawPublicKey(spkiToKey(named.spki)))
}

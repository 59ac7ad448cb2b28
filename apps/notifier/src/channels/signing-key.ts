import { rawPublicKey, type Roster, type Signer } from '#libs/signing'

/** The raw public half of the key that notifier signs with: what partners check by is what the roster names. */
export function publicKeyOf(roster: Roster, signer: Signer): Buffer {
  const key = roster.serviceKeys('notifier').get(signer.keyid)
  if (key === undefined) throw new Error('the roster does not name the key that notifier signs with')
  return rawPublicKey(key)
}

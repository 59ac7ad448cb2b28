import { rawPublicKey, type Roster, type Signer } from '#libs/signing'

/** Returns the raw public half of notifier's signing key from the roster, by which partners verify. */
export function publicKeyOf(roster: Roster, signer: Signer): Buffer {
  const key = roster.serviceKeys('notifier').get(signer.keyid)
  if (key === undefined) throw new Error('the roster does not name the key that notifier signs with')
  return rawPublicKey(key)
}

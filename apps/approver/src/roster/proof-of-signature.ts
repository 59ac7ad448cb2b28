import { keyThatSigned, type ProofOf } from '#libs/service'
import { ROSTER_PROPOSALS } from './proposal.table.js'

/** Proves a request with `{ keyid, sig }` over the proposed roster named in the path, by a person of the roster in force. */
export const proofOfSignature: ProofOf = async ({ body, params }, { roster, database, now }) => {
  const { keyid, sig } = (body ?? {}) as { keyid?: unknown; sig?: unknown }
  const { digest } = params as { digest: string }
  if (typeof keyid !== 'string' || typeof sig !== 'string' || roster.principalOfKey(keyid)?.kind !== 'person') return undefined
  const proposal = await database.autocommit((tx) => tx.documents(ROSTER_PROPOSALS).get(digest))
  if (proposal === undefined || proposal.envelope.signatures.some((known) => known.keyid === keyid)) return undefined
  const signed = keyThatSigned({ ...proposal.envelope, signatures: [{ keyid, sig }] }, roster, now)
  return signed === undefined ? undefined : { keyid: signed, id: digest }
}

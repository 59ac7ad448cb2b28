import { keyThatSigned, type ProofOf } from '#libs/service'
import { isDigest } from '#libs/signing'
import { APPROVALS } from '../runs/approval.table.js'

/**
 * Identifies the signer of prepared bytes by a body `{ digest, signatures }`. A repeated signature, which anyone can copy from the log,
 * identifies no one: the client is limited by its address.
 */
export const proofOfSignatures: ProofOf = async ({ body }, { roster, database, now }) => {
  const { digest, signatures } = (body ?? {}) as { digest?: unknown; signatures?: unknown }
  const first: unknown = Array.isArray(signatures) ? signatures[0] : undefined
  const { release, keyid, sig } = (first ?? {}) as Record<string, unknown>
  if (!isDigest(digest) || typeof keyid !== 'string' || typeof sig !== 'string') return undefined
  const person = roster.principalOfKey(keyid)
  if (person?.kind !== 'person') return undefined
  const approval = await database.autocommit((tx) => tx.documents(APPROVALS).get(digest))
  const isOpen = approval?.state === 'prepared' || approval?.state === 'waiting'
  const prepared = isOpen ? approval.releases.find(({ releaseDigest }) => releaseDigest === release) : undefined
  if (prepared === undefined || approval!.signedBy.includes(person.name)) return undefined
  const signed = keyThatSigned({ ...prepared.envelope, signatures: [{ keyid, sig }] }, roster, now)
  return signed === undefined ? undefined : { keyid: signed, id: digest }
}

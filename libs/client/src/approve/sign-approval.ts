import type { ApprovalRequest, PreparedApproval } from '#libs/contracts'
import { pae, STATEMENT_TYPE, type Signer } from '#libs/signing'

/** Signs each release of an approval: one signature per release, over the prepared bytes as DSSE. */
export async function signApproval(prepared: Pick<PreparedApproval, 'releases'>, signer: Signer): Promise<ApprovalRequest['signatures']> {
  return Promise.all(
    prepared.releases.map(async ({ digest, payload }) => {
      const sig = await signer.sign(pae(STATEMENT_TYPE, Buffer.from(payload, 'base64')))
      return { release: digest, keyid: signer.keyid, sig: Buffer.from(sig).toString('base64') }
    }),
  )
}

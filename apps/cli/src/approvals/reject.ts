import { rejectApproval } from '#libs/client'
import { EXIT } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requireDigest, requirePublicReason, usageError } from '../errors.js'
import { findKey, keyFolderOf, openKey } from '../keys/key-folder.js'
import type { PassphraseOptions } from '../keys/passphrase.js'

export interface RejectFlags extends PassphraseOptions {
  sign: string
  reason: string
  publicReason?: string
}

/** Signs a rejection. People who could approve may reject, and the author may withdraw. */
export async function rejectWaiting(context: CliContext, digest: string, flags: RejectFlags): Promise<number> {
  if (flags.reason.trim() === '') throw usageError('Say why with --reason TEXT', ['hms-svc help approvals'])
  requirePublicReason(flags.publicReason, 'approvals reject')
  requireDigest(digest)
  const folder = keyFolderOf(context)
  await findKey(folder, flags.sign)
  const client = await context.client()
  const signer = await openKey(context, folder, flags.sign, flags)
  const view = await rejectApproval(client, digest, flags.reason, signer, { publicReason: flags.publicReason })
  context.output.done(`Rejected by ${signer.name}; run #${view.run} is ${view.state}`)
  if (context.output.mode === 'json') context.output.data(view, () => [])
  return EXIT.done
}

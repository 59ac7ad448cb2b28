import { awaitRollback, prepareRollback, signRollback } from '#libs/client'
import { HmsError, type RollbackReport } from '#libs/contracts'
import { showConsent } from '../approvals/read-consent.js'
import type { CliContext } from '../context.js'
import { parsePolicyRef } from '../flags.js'
import { openKey, type PassphraseFlags } from '../keys/key-folder.js'
import { signingAs } from '../tokens/as-person.js'

export interface RollbackFlags extends PassphraseFlags {
  only?: boolean
  reason?: string
  publicReason?: string
  sign?: string
}

/**
 * Signs a rollback to a version that no fallback names, or that readers would refuse (`why`: code of that refusal). Shows the content to be
 * signed; opening the key again is the consent. Throws `HMS_ROLLOUT_NOT_PREAPPROVED` while other people have to sign too: the signature
 * stays, and nothing is rolled back yet.
 */
export async function rollbackSigned(
  context: CliContext,
  reference: string,
  options: RollbackFlags,
  why: string,
): Promise<{ report: RollbackReport; from: string | null }> {
  const { id, version } = parsePolicyRef(reference)
  const { reason, publicReason, sign } = options
  const open = () => openKey(context, { ...options, sign: sign! })
  const client = await signingAs(context, await open())
  const rollback = await prepareRollback(client, { policy: id, version, publicReason: publicReason ?? '' })
  const because =
    why === 'HMS_ROLLOUT_TARGET_REFUSED' ? `Readers would refuse ${version} as it was approved` : `No fallback names ${version}`
  context.output.note(`${because}: this needs signatures, as approving it would.`)
  await showConsent(context, client, rollback.prepared)
  const signer = await open()
  const startedAt = performance.now()
  const view = await signRollback(client, rollback, signer, { reason })
  if (view.run === null || view.missing.length > 0) {
    const detail = `${signer.name} signed, and run #${view.run} waits for: ${view.missing.join(', ')}. ${id} has not gone back yet.`
    throw new HmsError('HMS_ROLLOUT_NOT_PREAPPROVED', detail, {
      status: 403,
      next: [`hms-svc rollback ${reference} --sign NAME`, 'hms-svc approvals list'],
      state: view,
    })
  }
  const report = await awaitRollback(client, view.run, rollback, { startedAt, waitMs: context.timeoutMs() })
  return { report, from: rollback.prepared.releases[0]!.live }
}

import { HmsError } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { isRollback, type Approval } from '../records/approval.table.js'
import { POLICIES } from './policy.table.js'
import { POLICY_VERSIONS, type TakenBack } from './policy-version.table.js'

/** A version that was taken back after it was prepared. */
export interface Quarantined {
  name: string
  takenBack: TakenBack
}

/** From now on this version comes in again only by a release that is prepared later, or by `retry` of the run that has it. */
export async function quarantine(tx: Transaction, policy: string, version: string, run: number | null): Promise<void> {
  const known = await tx.documents(POLICY_VERSIONS).get(`${policy}@${version}`)
  const epoch = (await tx.documents(POLICIES).get(policy))?.releaseEpoch ?? 0
  if (known === undefined) return
  await tx.documents(POLICY_VERSIONS).put({ ...known, takenBack: { run, at: tx.now.toISOString(), epoch } })
}

/**
 * The version of the approval that was taken back since it was prepared. Its signers may not know that, so it does not go on by itself.
 * A rollback always may.
 */
export async function quarantined(tx: Transaction, approval: Approval): Promise<Quarantined | undefined> {
  if (isRollback(approval)) return undefined
  for (const { id, version, releaseEpoch } of approval.releases) {
    const takenBack = await takenBackOf(tx, id, version)
    if (takenBack !== undefined && releaseEpoch <= takenBack.epoch) return { name: `${id}@${version}`, takenBack }
  }
  return undefined
}

/** When this version was last taken back, if ever. */
export async function takenBackOf(tx: Transaction, id: string, version: string): Promise<TakenBack | undefined> {
  return (await tx.documents(POLICY_VERSIONS).get(`${id}@${version}`))?.takenBack
}

export function sayQuarantined({ name, takenBack: { run, at } }: Quarantined): string {
  return `${name} was ${run === null ? 'rolled back or withdrawn' : `taken back by run #${run}`} at ${at}, after this was prepared`
}

/** 409 `HMS_APPROVER_QUARANTINED`: `again` prepares it anew. */
export function refuseQuarantined(found: Quarantined, again: string): HmsError {
  const { run, at } = found.takenBack
  const detail = `${sayQuarantined(found)}. Look at why; who still wants it approves it anew.`
  const next = [...(run === null ? [] : [`hms-svc runs show ${run}`]), again]
  return new HmsError('HMS_APPROVER_QUARANTINED', detail, { status: 409, next, state: { version: found.name, run, at } })
}

import { action, HmsError, type Action, type ReleaseDocument } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { rollbackOf } from '#libs/signing'
import { POLICIES } from './policy.table.js'
import { POLICY_VERSIONS, type TakenBack } from './policy-version.table.js'
import type { StoredHead } from './stored-heads.js'

/** Releases of an approval, and the stable heads from config-store that its preparation used. */
interface PreparedReleases {
  releases: readonly ReleaseDocument[]
  storedHeads?: readonly StoredHead[]
}

/** Version of an approval that was rolled back after the approval was prepared. */
export interface Quarantined {
  name: string
  takenBack: TakenBack
}

/** Quarantines a version: only a release prepared later, or `retry` of its run, may release it again. `run` and `seq` as in `TakenBack`. */
export async function quarantine(tx: Transaction, policy: string, version: string, run: number | null, seq?: number): Promise<void> {
  const known = await tx.documents(POLICY_VERSIONS).get(`${policy}@${version}`)
  const epoch = (await tx.documents(POLICIES).get(policy))?.releaseEpoch ?? 0
  if (known === undefined) return
  await tx
    .documents(POLICY_VERSIONS)
    .put({ ...known, takenBack: { run, at: tx.now.toISOString(), epoch, ...(seq === undefined ? {} : { seq }) } })
}

/** Returns a version rolled back after preparation. Its signers may not know, so a person must decide. Exempts rollbacks. */
export async function quarantined(tx: Transaction, approval: PreparedReleases): Promise<Quarantined | undefined> {
  if (approval.releases.some((release) => rollbackOf(release) !== undefined)) return undefined
  for (const { id, version, releaseEpoch } of approval.releases) {
    const takenBack = await takenBackOf(tx, id, version)
    if (takenBack === undefined || releaseEpoch > takenBack.epoch || usedHeadOf(approval, id, takenBack)) continue
    return { name: `${id}@${version}`, takenBack }
  }
  return undefined
}

/** Whether the preparation used the stable head of that rollback, or a later head, from config-store before approver received it. */
function usedHeadOf({ storedHeads = [] }: PreparedReleases, id: string, { seq }: TakenBack): boolean {
  return seq !== undefined && storedHeads.some((head) => head.policy === id && head.seq >= seq)
}

export async function takenBackOf(tx: Transaction, id: string, version: string): Promise<TakenBack | undefined> {
  return (await tx.documents(POLICY_VERSIONS).get(`${id}@${version}`))?.takenBack
}

export function describeQuarantine({ name, takenBack: { run, at } }: Quarantined): string {
  return `${name} was ${run === null ? 'rolled back or withdrawn' : `rolled back by run #${run}`} at ${at}, after this was prepared`
}

/** Returns the error 409 `HMS_APPROVER_QUARANTINED`; `again`: action that prepares a new approval. */
export function quarantineError(found: Quarantined, again: Action): HmsError {
  const { run, at } = found.takenBack
  const detail = `${describeQuarantine(found)}. Check why; approve it again if it is still wanted.`
  const next = [...(run === null ? [] : [action('runs.show', { run })]), again]
  return new HmsError('HMS_APPROVER_QUARANTINED', detail, { status: 409, next, state: { version: found.name, run, at } })
}

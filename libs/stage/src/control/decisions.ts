import {
  type AcceptedDecision,
  type Envelope,
  openDossier,
  type ReleaseDocument,
  type RunDossier,
  STAGE_TOPICS,
  type StageName,
  STAGES,
} from '#libs/contracts'
import type { Outbox } from '#libs/messaging'
import { documentTable, type Transaction } from '#libs/persistence'
import { describeDecision, endsRun, type DecisionResponse, type DecisionReceived } from '#libs/pipeline'
import { approvalState, readRelease, readRunDecision, orRefusal, SignatureError, type Roster } from '#libs/signing'

/** A run ended here, or ended or decided on before it arrived. An ended attempt is not opened; an early decision waits for its attempt. */
export interface AbortedRun {
  run: number
  /** Highest ended attempt; it and all earlier ones are ended in this stage. 0 if none is. */
  attempt: number
  /** Decision that ended the run before it arrived, still without a response. The stage at which the run arrives owns it, and responds. */
  decision?: AcceptedDecision
  /** Decision that does not end the run, received before the attempt it is about. The response follows once that attempt is opened. */
  early?: AcceptedDecision
}

export const ABORTED_RUNS = documentTable<AbortedRun>({
  name: 'aborted_run',
  id: ({ run }) => String(run),
  keys: {},
  keep: { for: 'machinery' },
})

export async function storeAbort(tx: Transaction, { run, attempt, decision }: Omit<AbortedRun, 'early'>): Promise<void> {
  const known = await tx.documents(ABORTED_RUNS).get(String(run))
  if ((known?.attempt ?? 0) < attempt)
    await tx.documents(ABORTED_RUNS).put({ run, attempt, ...(decision === undefined ? {} : { decision }) })
}

/** Stores, until the attempt arrives, a decision that does not end the run. All earlier attempts count as ended. */
export async function storeEarlyDecision(tx: Transaction, early: AcceptedDecision): Promise<void> {
  const { run, attempt } = early
  const known = await tx.documents(ABORTED_RUNS).get(String(run))
  if ((known?.attempt ?? 0) < attempt) await tx.documents(ABORTED_RUNS).put({ run, attempt: attempt - 1, early })
}

/** Returns the stored early decision about this attempt; `undefined` if there is none. */
export async function earlyDecision(
  tx: Transaction,
  { run, attempt }: Pick<AbortedRun, 'run' | 'attempt'>,
): Promise<AcceptedDecision | undefined> {
  const early = (await tx.documents(ABORTED_RUNS).get(String(run)))?.early
  return early?.attempt === attempt ? early : undefined
}

/** Stores a decision on a run that is not here yet, if it ends the run or is addressed to `stage`, to which no other responds. */
export async function storeDecision(tx: Transaction, stage: StageName, decision: AcceptedDecision): Promise<void> {
  if (endsRun(decision.decision)) await storeAbort(tx, { run: decision.run, attempt: decision.attempt, decision })
  else if (decision.stage === stage) await storeEarlyDecision(tx, decision)
}

/** Whether the run was ended before it arrived here. If a decision ended it, publishes the response: this stage owns the run now. */
export async function isEndedOnArrival(
  outbox: Outbox,
  tx: Transaction,
  { run, attempt }: RunDossier,
  { stage, key }: { stage: StageName; key: string },
): Promise<boolean> {
  const aborted = await tx.documents(ABORTED_RUNS).get(String(run))
  if (aborted === undefined || aborted.attempt < attempt) return false
  if (aborted.decision !== undefined) {
    const detail = describeDecision(aborted.decision)
    await publishResponse(outbox, tx, aborted.decision, { stage, key, outcome: 'applied', detail })
  }
  return true
}

/** Whether this stage may own the run of a decision: approver saw the run in this stage or an earlier one. */
export function mayOwn(stage: StageName, decision: AcceptedDecision): boolean {
  return decision.stage !== null && STAGES.indexOf(stage) >= STAGES.indexOf(decision.stage)
}

/** Verifies a decision by this service's roster; does not trust approver. Returns a refusal or the signing time (`supersede`: none). */
export function verifyDecision(
  roster: Roster,
  dossier: RunDossier,
  decision: AcceptedDecision,
  now: Date,
): Pick<DecisionReceived, 'refusal' | 'signedAt'> {
  const verified = orRefusal(() => {
    if (decision.decision === 'supersede') return { refusal: refusalOfNewer(roster, openDossier(dossier).releases, decision.statement) }
    const { predicate } = readRunDecision(decision.statement, openDossier(dossier), roster, now.toISOString())
    const isSame = predicate.decision === decision.decision && predicate.byMs === decision.byMs
    // guards: ramp-promote-signed, stage-verifies-decision
    return isSame ? { signedAt: predicate.at } : { refusal: `the signed decision is ${predicate.decision}, not ${decision.decision}` }
  })
  return verified instanceof SignatureError ? { refusal: verified.message } : verified
}

/** Returns why the release does not supersede the `older` ones: no common policy, not newer, or signatures missing. */
function refusalOfNewer(roster: Roster, older: readonly ReleaseDocument[], statement: Envelope): string | undefined {
  const newer = readRelease(statement)
  const { policy, releaseEpoch } = newer.predicate
  const known = older.find(({ id }) => id === policy.id)
  if (known === undefined) return `the run does not contain ${policy.id}`
  // guard: supersede-newer-release
  if (releaseEpoch <= known.releaseEpoch) return `release ${releaseEpoch} of ${policy.id} is not newer than ${known.releaseEpoch}`
  const { missing } = approvalState(roster, newer)
  // guard: supersede-signed
  return missing.length === 0 ? undefined : `${policy.id}@${policy.version} still lacks ${missing.join(', ')}`
}

/** Publishes the response to a decision about the run. An applied decision that ends the run also ends all earlier attempts. */
export async function respond(
  outbox: Outbox,
  tx: Transaction,
  { decision, outcome, detail, kept }: DecisionResponse,
  { stage, key, run, attempt }: { stage: StageName; key: string; run: number; attempt: number },
): Promise<void> {
  if (endsRun(decision.decision) && outcome === 'applied') await storeAbort(tx, { run, attempt })
  await publishResponse(outbox, tx, decision, { stage, key, outcome, detail, kept })
}

/** Publishes the response to a decision on the stage's own topic. `key`: key of the run's events. */
export async function publishResponse(
  outbox: Outbox,
  tx: Transaction,
  decision: AcceptedDecision,
  { stage, key, outcome, detail, kept }: { stage: StageName; key: string } & Pick<DecisionResponse, 'outcome' | 'detail' | 'kept'>,
): Promise<void> {
  const { run, attempt, id } = decision
  const data = { run, attempt, id, decision: decision.decision, stage, detail, ...(kept === undefined ? {} : { kept }) }
  await outbox.emit(tx, `hms.run.decision-${outcome}.v1`, data, { key, run, attempt, topic: STAGE_TOPICS[outbox.service] })
}

import { HmsError, isTerminal, type RunDecision, type RunDecisionName, type RunView } from '#libs/contracts'
import { digestOfPayload, signRunDecision, type Signer } from '#libs/signing'
import type { ApiClient } from '../api/api-client.js'
import { clientFromEnvironment } from '../api/authorization.js'
import { chooseSigner } from '../approve/choose-signer.js'
import { followRun } from '../approve/follow-run.js'
import { optionNames, requireKnownOptions } from '../known-options.js'

export interface DecideOptions {
  reason: string
  /** Reason sent to partners. */
  publicReason?: string
  /** Duration of `extend` in ms. */
  byMs?: number
  /** Name of the signing key. */
  sign?: string
  /** Passphrase of the key. Default: `HMS_KEY_PASSPHRASE`, else the passphrase that profile dev stored beside its keys. */
  passphrase?: string
  url?: string
  /** Timeout in ms for the response of the stage that owns the run. Default 30 s. */
  waitMs?: number
}

const OPTIONS = optionNames<DecideOptions>()('reason', 'publicReason', 'byMs', 'sign', 'passphrase', 'url', 'waitMs')

export const ANSWER_MS = 30_000

/**
 * Submits a signed decision about an active run. Resolves with the run when the decision was applied; rejects with `HMS_RUN_DECISION_LATE`
 * (409, run in `state`) if it came too late, or `HMS_RUN_DECISION_UNANSWERED` (504) if no stage responded yet: it may be applied later.
 */
export async function decideRun(run: number, decision: RunDecisionName, options: DecideOptions): Promise<RunView> {
  requireKnownOptions('decideRun', options, OPTIONS)
  const { config, api } = clientFromEnvironment(options.url)
  const signer = await chooseSigner(config, { name: options.sign, passphrase: options.passphrase })
  return decide(api, run, decision, { ...options, signer })
}

/** Same as `decideRun`, over a given client and signer. `at` is the time of signing. */
export async function decide(
  api: ApiClient,
  run: number,
  decision: RunDecisionName,
  options: Pick<DecideOptions, 'reason' | 'publicReason' | 'byMs' | 'waitMs'> & { signer: Signer; at?: Date },
): Promise<RunView> {
  const { reason, publicReason, byMs, signer, at = new Date(), waitMs = ANSWER_MS } = options
  const { attempt, digest: subject } = await api.get('/v1/runs/{number}', { number: run })
  const statement = await signRunDecision({ run, attempt, subject, decision, reason, publicReason, at, byMs }, signer)
  const id = digestOfPayload(statement)
  const accepted = await api.post('/v1/runs/{number}/decisions', { statement }, { params: { number: run } })
  // A pause is reported as applied a moment before the run is PAUSED, so the state is awaited too.
  const isInEffect = ({ state }: RunView): boolean => decision !== 'pause' || state === 'PAUSED' || isTerminal(state)
  const isAnswered = (view: RunView): boolean => {
    const known = outcomeIn(view, id)
    return known === 'late' || (known === 'applied' && isInEffect(view))
  }
  const view = isAnswered(accepted) ? accepted : await followRun(api, run, { timeoutMs: waitMs, until: isAnswered })
  const outcome = outcomeIn(view, id)
  if (outcome === 'applied') return view
  const next = [`hms-svc runs show ${run}`]
  if (outcome === 'late') {
    const detail = `Run #${run} is ${view.state}: the decision to ${decision} it came too late.`
    throw new HmsError('HMS_RUN_DECISION_LATE', detail, { status: 409, next, state: view })
  }
  const detail = `The decision to ${decision} run #${run} was accepted, and no stage has answered it in time; it still may.`
  throw new HmsError('HMS_RUN_DECISION_UNANSWERED', detail, { status: 504, next, state: view })
}

function outcomeIn(view: RunView, id: string): RunDecision['outcome'] {
  return view.decisions.find((known) => known.id === id)?.outcome ?? 'pending'
}

import type { AcceptedDecision } from '#libs/contracts'
import { lockedDocument, type Transaction } from '#libs/persistence'
import { acceptSilence, answerOnRollout, type Rollout } from '#libs/pipeline'
import { ServiceRuntime } from '#libs/service'
import { answer, describeDecision, mayOwn, refusedHere, rememberDecision } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { ROLLOUTS } from './rollout.table.js'
import { rolloutKeys, RunRollout } from './run-rollout.js'

const STAGE = 'rollout'

/** A person decided about a run. Answers where the rollout owns the run; an abort that comes before the rollout waits for it. */
@Injectable()
export class DecideRollout {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly runRollout: RunRollout,
  ) {}

  async execute(tx: Transaction, decision: AcceptedDecision): Promise<void> {
    if (!mayOwn(STAGE, decision)) return
    const rollout = await lockedDocument(tx, ROLLOUTS, String(decision.run), rolloutKeys)
    if (rollout === undefined || rollout.attempt < decision.attempt) return rememberDecision(tx, decision)
    const owner = rollout.attempt > decision.attempt ? 'elsewhere' : answerOnRollout(rollout, decision.decision, decision.stage === STAGE)
    if (owner === 'elsewhere') return
    const refusal = owner === 'late' ? `the rollout is ${rollout.state}` : refusedHere(this.runtime, rollout.dossier, decision, tx.now)
    const outcome = refusal === undefined ? 'applied' : 'late'
    // An abort ends the run: others learn first what is live again.
    if (refusal === undefined && decision.decision === 'abort')
      await this.runRollout.abortByDecision(tx, rollout, describeDecision(decision))
    await answer(this.runtime, tx, decision, { stage: STAGE, key: rollout.key, outcome, detail: refusal ?? describeDecision(decision) })
    if (refusal === undefined && decision.decision !== 'abort') await this.goOn(tx, rollout, decision)
  }

  private goOn(tx: Transaction, rollout: Rollout, { decision, by }: AcceptedDecision): Promise<void> {
    return decision === 'resume' ? this.runRollout.resume(tx, rollout) : this.runRollout.apply(tx, acceptSilence(rollout, by))
  }
}

import type { AcceptedDecision } from '#libs/contracts'
import { lockedDocument, type Transaction } from '#libs/persistence'
import { answerOnCanary, type Canary } from '#libs/pipeline'
import { ServiceRuntime } from '#libs/service'
import { answer, describeDecision, mayOwn, refusedHere, rememberDecision } from '#libs/stage'
import { Injectable } from '@nestjs/common'
import { CANARIES } from './canary.table.js'
import { canaryKeys, RunCanary } from './run-canary.js'

const STAGE = 'canary'

/** A person decided about a run. Answers where the canary owns the run; an abort that comes before the canary waits for it. */
@Injectable()
export class DecideCanary {
  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly runCanary: RunCanary,
  ) {}

  async execute(tx: Transaction, decision: AcceptedDecision): Promise<void> {
    if (!mayOwn(STAGE, decision)) return
    const canary = await lockedDocument(tx, CANARIES, String(decision.run), canaryKeys)
    if (canary === undefined || canary.attempt < decision.attempt) return rememberDecision(tx, decision)
    const owner = canary.attempt > decision.attempt ? 'elsewhere' : answerOnCanary(canary, decision.decision, decision.stage === STAGE)
    if (owner === 'elsewhere') return
    const refusal = owner === 'late' ? `the canary is ${canary.state}` : refusedHere(this.runtime, canary.dossier, decision, tx.now)
    const outcome = refusal === undefined ? 'applied' : 'late'
    // Before what it leads to, so that the run's view never shows the effect without its cause.
    await answer(this.runtime, tx, decision, { stage: STAGE, key: canary.key, outcome, detail: refusal ?? describeDecision(decision) })
    if (refusal === undefined) await this.apply(tx, canary, decision)
  }

  private apply(tx: Transaction, canary: Canary, decision: AcceptedDecision): Promise<void> {
    switch (decision.decision) {
      case 'abort':
        return this.runCanary.abort(tx, decision.run, decision.attempt)
      case 'resume':
        return this.runCanary.resume(tx, canary)
      case 'promote':
        return this.runCanary.promote(tx, canary, describeDecision(decision))
    }
  }
}

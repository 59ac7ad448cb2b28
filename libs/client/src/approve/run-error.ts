import { HmsError, isTerminal, type RunView } from '#libs/contracts'

/** A run that did not succeed, or did not within the time: code `HMS_RUN_<STATE>`. */
export class RunError extends HmsError {
  override readonly name = 'RunError'

  constructor(readonly run: RunView) {
    super(`HMS_RUN_${run.state}`, describe(run), {
      status: statusOf(run),
      next: [`hms-svc runs show ${run.run}`],
      retryable: false,
      state: run.state,
    })
  }
}

function statusOf({ state }: RunView): number {
  if (state === 'FAILED') return 422
  return isTerminal(state) || state === 'PAUSED' || state === 'AWAITING_APPROVAL' ? 409 : 504
}

function describe(run: RunView): string {
  const stage = run.stages.find(({ verdict }) => verdict === 'FAIL' || verdict === 'INCONCLUSIVE')
  const what = `run #${run.run} ${isTerminal(run.state) ? 'ended' : 'is'} ${run.state}`
  const where = stage === undefined ? '' : ` in stage ${stage.stage}`
  return [`${what}${where}`, run.reason, stage?.detail].filter((part) => part !== undefined && part !== '').join(': ')
}

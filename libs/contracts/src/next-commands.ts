import { command } from './actions.js'
import type { RunDecisionName, RunView } from './runs.js'
import { keptCommands } from './stage-words.js'

/** Returns the next commands for a run that did not succeed. */
export function nextCommandsOf(view: RunView): string[] {
  const policy = view.policies[0]?.id ?? 'ID'
  if (view.kept !== undefined) return keptCommands(view.kept)
  switch (view.state) {
    case 'SUCCEEDED':
      return []
    case 'FAILED':
      if (view.reason === 'POISONED') return [command('dlq.list'), command('approve')]
      // `plan` uses the linter service, which knows versions, schemas and partners; the offline verb `lint` does not.
      return view.stages.some((stage) => stage.stage === 'lint' && stage.verdict === 'FAIL')
        ? [command('plan'), command('approve')]
        : [command('get', { policy }), command('approve')]
    case 'ROLLED_BACK':
      return [command('get', { policy }), command('audit.log.run', { run: view.run })]
    case 'ABORTED':
    case 'STALE':
      return [command('approve')]
    case 'SUPERSEDED':
      return [view.supersededBy === undefined ? command('runs.list') : command('runs.show', { run: view.supersededBy })]
    case 'AWAITING_APPROVAL':
      return [command('approvals.list'), command('approve')]
    case 'PAUSED':
      // `extend` requires a duration.
      return decisionsOfPaused(view)
        .filter((decision) => decision !== 'extend')
        .map((decision) => command('runs.decide', { decision, run: view.run }))
    default:
      return [command('runs.watch', { run: view.run })]
  }
}

export function decisionsOfPaused({ stages }: Pick<RunView, 'stages'>): readonly RunDecisionName[] {
  const paused = stages.find(({ verdict }) => verdict === 'INCONCLUSIVE')?.stage
  if (paused === 'simulate') return ['retry', 'abort']
  return paused === 'rollout' ? ['resume', 'promote', 'abort'] : ['resume', 'promote', 'extend', 'retry', 'abort']
}

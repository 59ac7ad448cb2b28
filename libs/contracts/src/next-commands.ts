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
      if (view.reason === 'POISONED') return ['hms-svc dlq list', 'hms-svc approve FILE --sign NAME']
      // `plan` queries the linter; offline lint knows neither versions, schemas nor partners.
      return view.stages.some((stage) => stage.stage === 'lint' && stage.verdict === 'FAIL')
        ? ['hms-svc plan FILE', 'hms-svc approve FILE --sign NAME']
        : [`hms-svc get ${policy}`, 'hms-svc approve FILE --sign NAME']
    case 'ROLLED_BACK':
      return [`hms-svc get ${policy}`, `hms-svc audit log --run ${view.run}`]
    case 'ABORTED':
    case 'STALE':
      return ['hms-svc approve FILE --sign NAME']
    case 'SUPERSEDED':
      return [view.supersededBy === undefined ? 'hms-svc runs list' : `hms-svc runs show ${view.supersededBy}`]
    case 'AWAITING_APPROVAL':
      return ['hms-svc approvals list', 'hms-svc approve FILE --sign NAME']
    case 'PAUSED':
      // `extend` requires a duration.
      return decisionsOfPaused(view)
        .filter((decision) => decision !== 'extend')
        .map((decision) => `hms-svc runs ${decision} ${view.run} --reason TEXT --sign NAME`)
    default:
      return [`hms-svc runs watch ${view.run}`]
  }
}

/** A simulation can only be retried; canary and rollout can resume, and a canary can also be extended or retried. */
export function decisionsOfPaused({ stages }: Pick<RunView, 'stages'>): readonly RunDecisionName[] {
  const paused = stages.find(({ verdict }) => verdict === 'INCONCLUSIVE')?.stage
  if (paused === 'simulate') return ['retry', 'abort']
  return paused === 'rollout' ? ['resume', 'promote', 'abort'] : ['resume', 'promote', 'extend', 'retry', 'abort']
}

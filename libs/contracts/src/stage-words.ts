import type { PassedStep } from './canary-figures.js'
import type { BreakGlassReview, RunStage, StageName } from './runs.js'

const LABELS: Record<StageName, string> = {
  lint: 'Lint & Schema',
  simulate: 'Simulation Replay',
  canary: 'Canary',
  rollout: 'Full Rollout',
  notify: 'Partner Notifications',
}

/** What people call a stage: its own label where it has one, with share and region. */
export function stageLabel({ stage, label }: Pick<RunStage, 'stage' | 'label'>): string {
  return label ?? LABELS[stage]
}

/** `PASS (98.4% bots adapted)`; the notify stage says what was sent instead of PASS. */
export function stageOutcome(stage: RunStage): string {
  if (stage.detail === '') return stage.verdict
  return stage.stage === 'notify' && stage.verdict === 'PASS' ? stage.detail : `${stage.verdict} (${stage.detail})`
}

/** `step 2, 25% of all regions: PASS (realised 25%, 10 of 40 bots; …)`. */
export function describePassedStep({ step, requestedShare, realisedShare, scopeName, cohort, connected, summary }: PassedStep): string {
  const bots = `${cohort} of ${connected} ${connected === 1 ? 'bot' : 'bots'}`
  return `step ${step}, ${requestedShare / 100}% of ${scopeName}: PASS (realised ${realisedShare / 100}%, ${bots}; ${summary})`
}

/** `review due until 2026-11-27T10:00:00.000Z (ticket 3)`. */
export function describeReview({ ticket, dueAt, state, closedBy }: BreakGlassReview): string {
  if (state === 'CLOSED') return `reviewed by ${closedBy ?? 'somebody'} (ticket ${ticket})`
  if (state === 'OVERDUE')
    return `UNREVIEWED since ${dueAt} (ticket ${ticket}): those who signed approve nothing until somebody else closes it`
  return `review due until ${dueAt} (ticket ${ticket}), by somebody who did not sign`
}

/** What closes it, as a command; none once it is closed. */
export function reviewCommands({ ticket, state }: BreakGlassReview): string[] {
  return state === 'CLOSED' ? [] : [`hms-svc tickets decide ${ticket} --decision accept --reason TEXT --sign NAME`]
}

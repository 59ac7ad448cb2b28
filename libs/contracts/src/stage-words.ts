import type { RunStage, StageName } from './runs.js'

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

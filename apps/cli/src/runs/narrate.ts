import { stageOutcome, type RunStage, type RunView } from '#libs/contracts'

/**
 * Returns the lines for the changes from one view of a run to the next: one per stage whose verdict changed, one if the state changed. A
 * running stage with new counts is no change; the heartbeat has its detail. `nowMs` is printed as UTC.
 */
export function narrateChange(before: RunView | undefined, view: RunView, nowMs: number): string[] {
  const prefix = `${stamp(nowMs)} run=${view.run}`
  const stages = view.stages.filter((stage) => stage.verdict !== verdictIn(before, stage))
  const lines = stages.map((stage) => `${prefix} stage=${stage.stage} ${stageOutcome(stage, view.state)}${took(stage)}`)
  if (before?.state !== view.state || before.attempt !== view.attempt) {
    const reason = view.reason === undefined ? '' : ` reason=${view.reason}`
    lines.push(`${prefix} state=${view.state}${view.attempt > 1 ? ` attempt=${view.attempt}` : ''}${reason}`)
  }
  return lines
}

/** Returns one line that proves life while nothing changes. */
export function narrateSilence(view: RunView, nowMs: number): string {
  const stage = view.stages.find((candidate) => candidate.verdict === 'RUNNING')
  const detail = stage === undefined || stage.detail === '' ? '' : ` (${stage.detail})`
  const since = stage?.startedAt ?? view.createdAt
  return `${stamp(nowMs)} run=${view.run} state=${view.state} still going after ${clock(nowMs - Date.parse(since))}${detail}`
}

function verdictIn(view: RunView | undefined, stage: RunStage): string {
  return view?.stages.find((candidate) => candidate.stage === stage.stage)?.verdict ?? 'PENDING'
}

function took(stage: RunStage): string {
  if (stage.startedAt === null || stage.endedAt === null) return ''
  return ` took=${((Date.parse(stage.endedAt) - Date.parse(stage.startedAt)) / 1000).toFixed(1)}s`
}

function stamp(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z')
}

function clock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  return `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`
}

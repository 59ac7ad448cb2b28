import {
  policyRefs,
  describeClock,
  describeKept,
  describePassedStep,
  describeReplaced,
  describeReview,
  explain,
  reviewCommands,
  isHeld,
  stageLabel,
  nextCommandsOf,
  stageOutcome,
  spokenDuration,
  type RunStage,
  type RunState,
  type RunView,
} from '#libs/contracts'
import { PLAIN, type Colour, type Paint } from './paint.js'

/** Length of a label with the dots after it. A label that is too long is followed by `LEAST_DOTS` dots. */
const DOT_COLUMN = 28
const LEAST_DOTS = 4

/** Texts of the closing line. Any other state is printed with spaces instead of underscores. */
const CLOSING: Partial<Record<RunState, string>> = { SUCCEEDED: 'DEPLOYMENT SUCCESSFUL', FAILED: 'DEPLOYMENT FAILED' }

/** Renders the block of `runs show`, one string per line, for every verb that shows a run. `progress`: lines below the running stage. */
export function renderRun(view: RunView, paint: Paint = PLAIN, progress: readonly string[] = []): string[] {
  const stages = view.stages.flatMap((stage) => [
    dotted(stageLabel(stage), paintVerdict(stage, stageOutcome(stage, view.state), paint)),
    ...(stage.verdict === 'RUNNING' ? progress : []),
    ...(stage.steps ?? []).map((step) => `  ${describePassedStep(step)}`),
  ])
  return [
    `RUN #${view.run}  ${policyRefs(view.policies)}${view.attempt > 1 ? `  (attempt ${view.attempt})` : ''}`,
    ...stages,
    ...renderBreakGlass(view),
    ...view.decisions.map(
      ({ decision, by, outcome, reason }) => `  ${decision} by ${by}, ${outcome === 'late' ? 'too late' : outcome}: ${reason}`,
    ),
    ...renderObstacle(view),
    ...(view.state === 'QUEUED' && view.detail !== undefined ? [`  waits ${view.detail}`] : []),
    renderClosing(view, paint),
    // If readers received the release before its effective time, the line names that time.
    ...(view.clock === undefined ? [] : [describeClock(view.clock, isHeld(view))]),
    ...(view.kept ?? []).map((kept) => `! ${describeKept(kept)}`),
    ...describeReplaced(view).map((line) => `! ${line}`),
  ]
}

/** Formats `• Lint & Schema ............... PASS`. */
export function dotted(label: string, text: string): string {
  return `• ${label} ${'.'.repeat(Math.max(LEAST_DOTS, DOT_COLUMN - label.length))} ${text}`
}

function renderBreakGlass({ breakGlass }: RunView): string[] {
  if (breakGlass === undefined) return []
  const line = `  break-glass by ${breakGlass.by.join(' and ')}: ${breakGlass.reason}`
  return [line, `  ${describeReview(breakGlass.review)}`, ...reviewCommands(breakGlass.review).map((command) => `  next: ${command}`)]
}

const TONES: Partial<Record<RunStage['verdict'], Colour>> = { PASS: 'good', FAIL: 'bad', INCONCLUSIVE: 'warn' }

function paintVerdict({ verdict }: RunStage, text: string, paint: Paint): string {
  return verdict === 'RUNNING' ? text : paint[TONES[verdict] ?? 'dim'](text)
}

/** Returns where a run ended or paused: the failed or inconclusive stage, else the running one, else the last that was started. */
function stoppedStage(view: RunView): RunStage | undefined {
  return (
    view.stages.find((stage) => stage.verdict === 'FAIL' || stage.verdict === 'INCONCLUSIVE') ??
    view.stages.find((stage) => stage.verdict === 'RUNNING') ??
    view.stages.findLast((stage) => stage.startedAt !== null)
  )
}

function renderObstacle(view: RunView): string[] {
  if (view.state === 'SUCCEEDED' || (view.endedAt === null && view.state !== 'PAUSED')) return []
  const stage = stoppedStage(view)
  const where = stage === undefined ? 'before the first stage' : `at ${stage.stage}`
  return [
    `✗ stopped ${where}: ${explain(view.reason ?? view.state, view.detail, ', ')}`,
    ...nextCommandsOf(view).map((command) => `  next: ${command}`),
  ]
}

function renderClosing(view: RunView, paint: Paint): string {
  const words = CLOSING[view.state] ?? view.state.replaceAll('_', ' ')
  const cause = view.supersededBy === undefined ? view.reason : `by run #${view.supersededBy}`
  const reason = cause === undefined || view.state === 'SUCCEEDED' || view.state === 'FAILED' ? '' : ` (${cause})`
  const took = view.endedAt === null ? '' : `  —  ${spokenDuration(Date.parse(view.endedAt) - Date.parse(view.createdAt))}`
  return paintState(view.state, words + reason, paint) + took
}

function paintState(state: RunState, text: string, paint: Paint): string {
  if (state === 'SUCCEEDED') return paint.good(text)
  if (state === 'FAILED' || state === 'ROLLED_BACK' || state === 'ABORTED') return paint.bad(text)
  if (state === 'PAUSED' || state === 'SUPERSEDED' || state === 'STALE') return paint.warn(text)
  return text
}

import { isCutOff, type RunStage, type RunState, type StageVerdict } from '#libs/contracts'
import type { JSX } from 'preact'
import { withMoments } from './parts.js'

type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'idle'

const MARKS: Record<Tone, string> = { good: '✓', bad: '✗', warn: '!', busy: '●', idle: '○' }

export const STATES: Record<RunState, { text: string; tone: Tone }> = {
  AWAITING_APPROVAL: { text: 'Waiting for signatures', tone: 'warn' },
  QUEUED: { text: 'Queued', tone: 'idle' },
  LINTING: { text: 'Lint', tone: 'busy' },
  SIMULATING: { text: 'Simulation', tone: 'busy' },
  WAITING: { text: 'Waiting', tone: 'busy' },
  CANARY: { text: 'Canary', tone: 'busy' },
  ROLLING_OUT: { text: 'Rollout', tone: 'busy' },
  BAKING: { text: 'Rollout, being watched', tone: 'busy' },
  NOTIFYING: { text: 'Notification', tone: 'busy' },
  PAUSED: { text: 'Paused', tone: 'warn' },
  ROLLING_BACK: { text: 'Rolling back', tone: 'warn' },
  SUCCEEDED: { text: 'Succeeded', tone: 'good' },
  FAILED: { text: 'Failed', tone: 'bad' },
  ROLLED_BACK: { text: 'Rolled back', tone: 'bad' },
  ABORTED: { text: 'Aborted', tone: 'bad' },
  SUPERSEDED: { text: 'Superseded', tone: 'idle' },
  STALE: { text: 'Stale', tone: 'idle' },
}

const VERDICTS: Record<StageVerdict, { text: string; tone: Tone }> = {
  PENDING: { text: 'Not begun', tone: 'idle' },
  RUNNING: { text: 'Running', tone: 'busy' },
  PASS: { text: 'Passed', tone: 'good' },
  FAIL: { text: 'Failed', tone: 'bad' },
  INCONCLUSIVE: { text: 'No clear answer', tone: 'warn' },
  SKIPPED: { text: 'Skipped', tone: 'idle' },
}

export function stateText(state: RunState): string {
  return wordsOf(STATES, state).text
}

/** Mark, word and colour together: none of them alone carries the meaning. */
export function StateTag({ state }: { state: RunState }): JSX.Element {
  return <Tag {...wordsOf(STATES, state)} />
}

/** Reasons whose code does not read as words. */
const REASONS: Record<string, string> = {
  ACK_TIMEOUT: 'acknowledgements missing',
  DECIDED: 'decided by a person',
  EFFECTIVE_AT: 'until it takes effect',
  LIVE_MOVED: 'another rule came into force',
  MANUAL: 'by a person',
}

/** Returns the words of a reason's code: `region busy` of `REGION_BUSY`. */
export function reasonText(code: string): string {
  return REASONS[code] ?? code.toLowerCase().replaceAll('_', ' ')
}

/** Moves the code that a detail begins with behind its words, `no bots registered (NO_EVIDENCE)`, and writes its times for people. */
export function wordsFirst(detail: string): string {
  return withMoments(detail).replace(/^([A-Z]+(?:_[A-Z]+)+): (.+)$/s, '$2 ($1)')
}

/** Verdict of a stage; the state of its run if the run ended while the stage was running. */
export function VerdictTag({ stage, state }: { stage: RunStage; state: RunState }): JSX.Element {
  return isCutOff(stage, state) ? <StateTag state={state} /> : <Tag {...wordsOf(VERDICTS, stage.verdict)} />
}

export function Tag({ text, tone }: { text: string; tone: Tone }): JSX.Element {
  return (
    <span class={`usa-tag tag--${tone}`}>
      <span aria-hidden="true">{MARKS[tone]} </span>
      {text}
    </span>
  )
}

/** Returns the text and tone of a state. A newer service may know a state that this page does not; its name is then the text. */
function wordsOf<K extends string>(words: Record<K, { text: string; tone: Tone }>, key: K): { text: string; tone: Tone } {
  return words[key] ?? { text: key, tone: 'idle' }
}

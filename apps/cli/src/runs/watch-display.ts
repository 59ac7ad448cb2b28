import { spokenRemainder, stageOutcome, type CanaryFigures, type RunStage, type RunView } from '#libs/contracts'
import type { Output } from '../output/output.js'
import { renderRun } from '../output/render-run.js'

/** Connected bots inside the share of a canary, and beside it. */
export type CanarySplit = Pick<CanaryFigures, 'cohort' | 'control'>

/** Shows a watched run on stderr. `tick` is called about every second, `clear` once at the end. The clock may be set back. */
export interface WatchDisplay {
  show(view: RunView): void
  /** Shows the bots of a canary; counts of an earlier state are dropped. */
  showSplit(split: CanarySplit): void
  tick(): void
  clear(): void
}

const REDRAW_MS = 200
const HEARTBEAT_MS = 30_000

export function chooseDisplay(output: Output, now: () => number): WatchDisplay {
  if (output.mode === 'tty') return new LiveDisplay(output, now)
  return output.mode === 'quiet' ? SILENT : new AppendingDisplay(output, now)
}

const SILENT: WatchDisplay = { show: () => undefined, showSplit: () => undefined, tick: () => undefined, clear: () => undefined }

/** Appends one line per change, and a heartbeat after 30 s without a line. Used with `--plain` and without a terminal. */
export class AppendingDisplay implements WatchDisplay {
  private view: RunView | undefined
  private lastOutputAt: number

  constructor(
    private readonly output: Output,
    private readonly now: () => number,
  ) {
    this.lastOutputAt = now()
  }

  show(view: RunView): void {
    this.print(narrateChange(this.view, view, this.now()))
    this.view = view
  }

  showSplit(): void {}

  tick(): void {
    if (this.view !== undefined && Math.abs(this.now() - this.lastOutputAt) >= HEARTBEAT_MS)
      this.print([narrateSilence(this.view, this.now())])
  }

  clear(): void {
    this.view = undefined
  }

  private print(lines: string[]): void {
    for (const line of lines) this.output.note(line)
    if (lines.length > 0) this.lastOutputAt = this.now()
  }
}

/** Redraws the block in place, at most every 200 ms, and each second while a countdown runs. */
export class LiveDisplay implements WatchDisplay {
  private view: RunView | undefined
  private split: CanarySplit | undefined
  private countdown: string | undefined
  private drawnAt = Number.NEGATIVE_INFINITY
  private stale = false

  constructor(
    private readonly output: Output,
    private readonly now: () => number,
  ) {}

  show(view: RunView): void {
    if (view.state !== this.view?.state) this.split = undefined
    this.view = view
    this.stale = true
    this.tick()
  }

  showSplit(split: CanarySplit): void {
    this.split = split
    this.stale = true
  }

  tick(): void {
    if ((this.stale || this.countdown !== this.remaining()) && Math.abs(this.now() - this.drawnAt) >= REDRAW_MS) this.draw()
  }

  clear(): void {
    this.output.redraw([])
  }

  /** Returns the time until the run continues; `undefined` while nothing is timed. */
  private remaining(): string | undefined {
    const ms = Date.parse(this.view?.continuesAt ?? '') - this.now()
    return ms > 0 ? spokenRemainder(ms) : undefined
  }

  private draw(): void {
    if (this.view === undefined) return
    const footer = this.output.errorPaint.dim(`Ctrl-C leaves the run going.   Again: hms-svc runs watch ${this.view.run}`)
    this.countdown = this.remaining()
    const countdown = this.countdown === undefined ? [] : [`  ${this.countdown} left`]
    const split = this.split === undefined ? [] : [`  ${splitBar(this.split)}`]
    const lines = [...renderRun(this.view, this.output.errorPaint, [...countdown, ...split]), footer]
    this.output.redraw(lines)
    this.drawnAt = this.now()
    this.stale = false
  }
}

const BAR_WIDTH = 20

/** Returns `cohort 5 █████░░░░░░░░░░░░░░░ 15 control`. A group with bots has at least one cell. */
function splitBar({ cohort, control }: CanarySplit): string {
  const [least, most] = [Math.min(cohort, 1), BAR_WIDTH - Math.min(control, 1)]
  const filled = Math.min(most, Math.max(least, Math.round((BAR_WIDTH * cohort) / Math.max(1, cohort + control))))
  return `cohort ${cohort} ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${control} control`
}

/** Returns a line for each verdict and state that changed. New counts are no change; the heartbeat shows them. `nowMs`: printed as UTC. */
function narrateChange(before: RunView | undefined, view: RunView, nowMs: number): string[] {
  const prefix = `${stamp(nowMs)} run=${view.run}`
  const verdicts = new Map(before?.stages.map(({ stage, verdict }) => [stage, verdict]))
  const stages = view.stages.filter(({ stage, verdict }) => verdict !== (verdicts.get(stage) ?? 'PENDING'))
  const lines = stages.map((stage) => `${prefix} stage=${stage.stage} ${stageOutcome(stage, view.state)}${took(stage)}`)
  if (before?.state !== view.state || before.attempt !== view.attempt) {
    const reason = view.reason === undefined ? '' : ` reason=${view.reason}`
    lines.push(`${prefix} state=${view.state}${view.attempt > 1 ? ` attempt=${view.attempt}` : ''}${reason}`)
  }
  return lines
}

/** Returns the heartbeat line, printed while nothing changes. */
function narrateSilence(view: RunView, nowMs: number): string {
  const stage = view.stages.find((candidate) => candidate.verdict === 'RUNNING')
  const detail = stage === undefined || stage.detail === '' ? '' : ` (${stage.detail})`
  const since = stage?.startedAt ?? view.createdAt
  const seconds = Math.max(0, Math.round((nowMs - Date.parse(since)) / 1000))
  const lasted = `${Math.floor(seconds / 60)}m${String(seconds % 60).padStart(2, '0')}s`
  return `${stamp(nowMs)} run=${view.run} state=${view.state} still going after ${lasted}${detail}`
}

function took(stage: RunStage): string {
  if (stage.startedAt === null || stage.endedAt === null) return ''
  return ` took=${((Date.parse(stage.endedAt) - Date.parse(stage.startedAt)) / 1000).toFixed(1)}s`
}

function stamp(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/\.\d+Z$/, 'Z')
}

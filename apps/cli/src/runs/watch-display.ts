import type { RunView } from '#libs/contracts'
import type { Output } from '../output/output.js'
import { renderRun } from '../output/render-run.js'
import { narrateChange, narrateSilence } from './narrate.js'

/** Shows a watched run on stderr. `tick` is called about every second, `clear` once at the end. */
export interface WatchDisplay {
  show(view: RunView): void
  tick(): void
  clear(): void
}

const REDRAW_MS = 200
const HEARTBEAT_MS = 30_000

export function chooseDisplay(output: Output, now: () => number): WatchDisplay {
  if (output.mode === 'tty') return new LiveDisplay(output, now)
  return output.mode === 'quiet' ? SILENT : new AppendingDisplay(output, now)
}

const SILENT: WatchDisplay = { show: () => undefined, tick: () => undefined, clear: () => undefined }

/** Append-only: one line per change, one heartbeat per 30 s without a line. This is `--plain`. */
export class AppendingDisplay implements WatchDisplay {
  private view: RunView | undefined
  private spokeAt: number

  constructor(
    private readonly output: Output,
    private readonly now: () => number,
  ) {
    this.spokeAt = now()
  }

  show(view: RunView): void {
    this.say(narrateChange(this.view, view, this.now()))
    this.view = view
  }

  tick(): void {
    if (this.view !== undefined && this.now() - this.spokeAt >= HEARTBEAT_MS) this.say([narrateSilence(this.view, this.now())])
  }

  clear(): void {
    this.view = undefined
  }

  private say(lines: string[]): void {
    for (const line of lines) this.output.note(line)
    if (lines.length > 0) this.spokeAt = this.now()
  }
}

/** Redraws the block in place, at most every 200 ms. */
export class LiveDisplay implements WatchDisplay {
  private view: RunView | undefined
  private drawn = 0
  private drawnAt = Number.NEGATIVE_INFINITY
  private stale = false

  constructor(
    private readonly output: Output,
    private readonly now: () => number,
  ) {}

  show(view: RunView): void {
    this.view = view
    this.stale = true
    if (this.now() - this.drawnAt >= REDRAW_MS) this.draw()
  }

  tick(): void {
    if (this.stale && this.now() - this.drawnAt >= REDRAW_MS) this.draw()
  }

  clear(): void {
    if (this.drawn > 0) this.output.redraw(this.drawn, [])
    this.drawn = 0
  }

  private draw(): void {
    if (this.view === undefined) return
    const footer = this.output.errorPaint.dim(`Ctrl-C leaves the run going.   Again: hms-svc runs watch ${this.view.run}`)
    const lines = [...renderRun(this.view, this.output.errorPaint), footer]
    this.output.redraw(this.drawn, lines)
    this.drawn = lines.length
    this.drawnAt = this.now()
    this.stale = false
  }
}

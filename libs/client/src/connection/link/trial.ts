import type { AppliedFrame, StreamFrame } from '#libs/contracts'
import type { Clock } from '../../clock.js'
import { parseFrame } from '../parse-frame.js'
import { Silence } from './silence.js'
import type { Connection, ResumeRequest, Session, SessionEnd, Transport, TransportName } from './transport.js'
import { reasonOf } from '../../api/problem-to-error.js'

export interface TrialEnd extends SessionEnd {
  hadFrames: boolean
  lastedMs: number
}

export interface TrialEvents {
  frame(frame: StreamFrame, trial: Trial): void
  /** Called once, as the last event. */
  ended(end: TrialEnd, trial: Trial): void
}

/** Age in ms below which a silent session counts as blocked by a buffering intermediary, even if the session received first frames. */
const EARLY_SILENCE_MS = 10_000
const MAX_GOODBYE_WAIT_MS = 60_000

/** Runs one session over one transport and reports how it ended: closed, silent, damaged, or by a goodbye. */
export class Trial implements Session {
  frames = 0
  hasEnded = false
  private readonly connection: Connection
  private readonly silence: Silence
  private readonly startedAt: number

  constructor(
    readonly name: TransportName,
    private readonly transport: Transport,
    resume: ResumeRequest,
    private readonly clock: Clock,
    private readonly events: TrialEvents,
  ) {
    this.startedAt = clock.elapsed()
    const { openMs, firstMs, silenceMs } = transport
    this.silence = new Silence({
      clock,
      limitMs: silenceMs,
      received: () => this.connection.received(),
      onSilence: (passedMs) => this.onSilence(passedMs), // guard: silence-is-stale
    })
    this.connection = transport.open(resume, this)
    this.silence.watch(openMs ?? firstMs)
  }

  opened(): void {
    if (!this.hasEnded) this.silence.watch(this.transport.firstMs)
  }

  receive(text: string): number | undefined {
    try {
      const frame = parseFrame(text)
      this.deliver(frame)
      return frame.revision
    } catch (error) {
      this.end({ reason: reasonOf(error), damaged: true, error: error as Error })
      return undefined
    }
  }

  end(end: SessionEnd): void {
    if (this.hasEnded) return
    this.hasEnded = true
    this.connection.drop()
    this.report(end)
  }

  send(frame: AppliedFrame): void {
    this.connection.send?.(frame)
  }

  /** Closes the session without calling `ended`. */
  async close(): Promise<void> {
    this.silence.stop()
    this.hasEnded = true
    if (this.connection.close === undefined) this.connection.drop()
    else await this.connection.close()
  }

  private deliver(frame: StreamFrame): void {
    if (this.hasEnded) return
    if (frame.type === 'goodbye') {
      this.report({ reason: 'the server stops', reconnectAfterMs: Math.min(frame.retryMs ?? 0, MAX_GOODBYE_WAIT_MS) })
      return void this.close()
    }
    this.frames++
    this.silence.watch()
    this.events.frame(frame, this)
  }

  private onSilence(limitMs: number): void {
    const isShort = this.clock.elapsed() - this.startedAt < EARLY_SILENCE_MS + limitMs
    this.end({ reason: `no frame for ${limitMs / 1_000} s`, blocked: this.frames === 0 || isShort })
  }

  private report(end: SessionEnd): void {
    this.hasEnded = true
    this.silence.stop()
    const lastedMs = this.clock.elapsed() - this.startedAt
    this.events.ended({ ...end, hadFrames: this.frames > 0, lastedMs }, this)
  }
}

import type { StreamFrame } from '#libs/contracts'
import { leaveMs } from '../../backoff.js'
import type { Clock } from '../../clock.js'
import { Silence } from './silence.js'
import type { ResumeRequest, Session, SessionEnd, Transport, TransportName } from './transport.js'

export interface TrialEnd extends SessionEnd {
  hadFrames: boolean
  lastedMs: number
}

export interface TrialEvents {
  frame(frame: StreamFrame, trial: Trial): void
  /** Called once; no event follows. */
  over(end: TrialEnd, trial: Trial): void
}

/** A session that had frames and fell silent sooner was blocked by a buffering intermediary. */
const LED_THROUGH_MS = 10_000

/** Runs one session and determines its outcome: it works, falls silent, or is ended by a goodbye. */
export class Trial {
  private readonly session: Session
  private readonly silence: Silence
  private readonly startedAt: number
  private frames = 0
  private isOver = false

  constructor(
    readonly name: TransportName,
    transport: Transport,
    ask: ResumeRequest,
    private readonly clock: Clock,
    private readonly events: TrialEvents,
  ) {
    this.startedAt = clock.elapsed()
    const { openMs, firstMs, silenceMs } = transport
    this.silence = new Silence({
      clock,
      limitMs: silenceMs,
      received: () => this.session.received,
      onSilence: () => this.fellSilent(this.frames === 0 ? firstMs : silenceMs),
    })
    this.session = transport.open(ask, {
      opened: () => {
        if (!this.isOver) this.silence.watch(firstMs)
      },
      frame: (frame) => this.take(frame),
      closed: (end) => this.end(end),
    })
    this.silence.watch(openMs ?? firstMs)
  }

  send: Session['send'] = (frame) => this.session.send(frame)

  /** Ends the session as if the other side had. */
  drop(reason: string): void {
    this.end({ reason })
    this.session.drop()
  }

  /** Closes the session without an event. */
  close(): Promise<void> {
    this.silence.stop()
    this.isOver = true
    return this.session.close()
  }

  private take(frame: StreamFrame): void {
    if (this.isOver) return
    if (frame.type === 'goodbye') {
      this.end({ reason: 'the server stops', leaveMs: leaveMs(frame.retryMs) })
      return void this.session.close()
    }
    this.frames++
    this.silence.watch()
    this.events.frame(frame, this)
  }

  private fellSilent(limitMs: number): void {
    const isShort = this.clock.elapsed() - this.startedAt < LED_THROUGH_MS + limitMs
    this.end({ reason: `no frame for ${limitMs / 1_000} s`, blocked: this.frames === 0 || isShort })
    this.session.drop()
  }

  private end(end: SessionEnd): void {
    if (this.isOver) return
    this.isOver = true
    this.silence.stop()
    const lastedMs = this.clock.elapsed() - this.startedAt
    this.events.over({ ...end, hadFrames: this.frames > 0, lastedMs }, this)
  }
}

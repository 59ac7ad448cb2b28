import type { AppliedFrame, StreamFrame } from '#libs/contracts'
import { backoffMs } from '../../backoff.js'
import type { Timer } from '../../clock.js'
import type { Failure } from '../contact.js'
import { betterTransport, chooseTransport, tryBetterAfterMs, type Choice } from './choose-transport.js'
import { Trial, type TrialEnd } from './trial.js'
import type { ResumeRequest, Target, TransportName, Transports } from './transport.js'

export interface LinkOptions extends Target {
  transports: Transports
  random?: () => number
}

export interface LinkFailure extends Failure {
  /** A frame could not be applied, so the next session must start from a snapshot. */
  damaged?: boolean
  /** The server sent a goodbye before it stopped. */
  leaving?: boolean
  /** `refused` is a response of an intermediary, not of the server. */
  isFromIntermediary?: boolean
  /** Error of an invalid frame. */
  error?: Error
}

export interface LinkEvents {
  resumeRequest(): ResumeRequest
  /** Called before the first frame of each session. */
  opened(): void
  frame(frame: StreamFrame): void
  down(failure: LinkFailure): void
}

/** Duration in ms after which a session counts as healthy and resets the back-off. */
const HEALTHY_MS = 10_000

/** Delivers frames over the best transport that is not blocked, and reconnects indefinitely. Keeps no process alive. */
export class Link {
  /** Names of the transports, best first. */
  private readonly order: readonly TransportName[]
  private choice: Choice
  private current: Trial | undefined
  private better: Trial | undefined
  private retry: Timer | undefined
  private tryTimer: Timer | undefined
  /** Number of failed tries of a better transport since the best one last worked. */
  private tries = 0
  private attempt = 0
  /** Revision of the newest frame. */
  private newest = 0
  /** Whether the current session has had a frame. */
  private hasFrame = false

  constructor(
    private readonly options: LinkOptions,
    private readonly events: LinkEvents,
  ) {
    this.order = Object.keys(options.transports) as TransportName[]
    this.choice = { transport: this.order[0]!, blocked: 0, proven: false }
  }

  start(): void {
    this.current = this.startTrial(this.choice.transport)
  }

  send(frame: AppliedFrame): void {
    this.current?.send(frame)
  }

  /** Drops the session; the link reconnects after the back-off. */
  reconnect(reason = 'the connection was dropped'): void {
    this.cancelBetter()
    this.current?.end({ reason })
  }

  async stop(): Promise<void> {
    this.retry?.cancel()
    this.cancelBetter()
    const { current } = this
    this.current = undefined
    await current?.close()
  }

  private startTrial(transport: TransportName): Trial {
    return new Trial(transport, this.options.transports[transport]!, this.events.resumeRequest(), this.options.clock, {
      frame: (frame, trial) => this.receive(frame, trial),
      ended: (end, trial) => (trial === this.better ? this.betterFailed() : this.ended(end)),
    })
  }

  private receive(frame: StreamFrame, trial: Trial): void {
    if (trial === this.better) {
      // An instance with an older revision is not better.
      if (frame.revision < this.newest) return trial.end({ reason: 'it is behind' }) // guard: better-way-not-behind
      this.changeTo(trial)
    } else if (!this.hasFrame) {
      this.hasFrame = true
      this.events.opened()
    }
    this.newest = frame.revision
    if (trial.name === this.order[0]) this.tries = 0
    else this.scheduleBetter(trial.name)
    this.events.frame(frame)
  }

  private ended({ reason, refused, blocked = false, damaged = false, error, reconnectAfterMs, hadFrames, lastedMs }: TrialEnd): void {
    const { transport } = this.choice
    this.current = undefined
    this.hasFrame = false
    this.tryTimer?.cancel()
    this.tryTimer = undefined
    if (hadFrames && lastedMs >= HEALTHY_MS) this.attempt = 0
    this.choice = chooseTransport(this.choice, { hadFrames, blocked }, this.order)
    const isFallback = this.choice.transport !== transport && this.choice.transport !== this.order[0]
    const { clock, random } = this.options
    this.retry = clock.after(reconnectAfterMs ?? backoffMs(isFallback ? 0 : this.attempt++, random), () => this.start())
    // An intermediary's response is reported only if this was the last transport to try.
    // guard: proxy-refusal-is-no-error-state
    const refusal = refused === undefined || (blocked && transport !== this.order.at(-1)) ? {} : { refused, isFromIntermediary: blocked }
    this.events.down({ reason, damaged, error, leaving: reconnectAfterMs !== undefined, ...refusal })
  }

  private scheduleBetter(transport: TransportName): void {
    if (this.better !== undefined || this.tryTimer !== undefined) return
    this.tryTimer = this.options.clock.after(tryBetterAfterMs(this.tries, this.options.random), () => {
      this.tryTimer = undefined
      this.better = this.startTrial(betterTransport(transport, this.tries))
    })
  }

  private betterFailed(): void {
    this.better = undefined
    this.tries++
    const name = this.current?.name
    if (this.hasFrame && name !== undefined && name !== this.order[0]) this.scheduleBetter(name)
  }

  private changeTo(trial: Trial): void {
    const before = this.current
    this.better = undefined
    this.retry?.cancel()
    this.current = trial
    this.choice = { transport: trial.name, blocked: 0, proven: this.choice.proven || trial.name === this.order[0] }
    this.hasFrame = true
    void before?.close()
    this.events.opened()
  }

  private cancelBetter(): void {
    this.tryTimer?.cancel()
    this.tryTimer = undefined
    const { better } = this
    this.better = undefined
    void better?.close()
  }
}

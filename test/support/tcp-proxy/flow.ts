import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { Direction, InfectedFlow, Toxic, Treatment } from './toxic.js'

/** A flow reads no further while it holds this many bytes: the sender feels the receiver, and memory stays bounded. */
export const MAX_HELD_BYTES = 256 * 1024
/** Node fires longer timers at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

type Item = { bytes: Buffer; arrivedAt: number } | 'end' | 'reset'
type Infection = { treatment: Treatment; over: AbortController }

/** One direction of one connection: what the source sends reaches the sink through the toxics, in order. */
export class Flow {
  private readonly items: Item[] = []
  private readonly infections = new Map<Toxic, Infection>()
  private held = 0
  private abandoned = false
  private over = false
  private wake: () => void = () => {}

  constructor(
    readonly direction: Direction,
    private readonly source: Socket,
    private readonly sink: Socket,
    private readonly connection: Pick<InfectedFlow, 'reset' | 'abandonClient'>,
  ) {
    source.on('data', (bytes: Buffer) => this.take(bytes))
    source.once('end', () => this.push('end'))
    source.once('close', (broken) => {
      // Also behind an end: who has closed and is then written to answers with a reset.
      if (broken) this.push('reset')
    })
    void this.run()
  }

  infect(toxic: Toxic): void {
    if (!toxic.directions.includes(this.direction)) return
    const over = new AbortController()
    const wait = (ms: number): Promise<boolean> => elapsed(ms, over.signal)
    const { reset, abandonClient } = this.connection
    this.infections.set(toxic, { treatment: toxic.infect({ wait, reset, abandonClient }), over })
  }

  lift(toxic: Toxic): void {
    const infection = this.infections.get(toxic)
    this.infections.delete(toxic)
    infection?.over.abort()
    infection?.treatment.lifted?.()
  }

  /** Sends what is held, then an ordinary end, whatever the source does from now on. */
  endEarly(): void {
    this.push('end')
    this.abandoned = true
  }

  /** Both sides are gone; nothing is held any longer. */
  stop(): void {
    this.over = true
    for (const { over } of this.infections.values()) over.abort()
    this.infections.clear()
    this.items.length = 0
    this.wake()
  }

  private take(bytes: Buffer): void {
    this.held += bytes.length
    if (this.held >= MAX_HELD_BYTES) this.source.pause()
    this.push({ bytes, arrivedAt: performance.now() })
  }

  private push(item: Item): void {
    if (this.over || this.abandoned) return
    this.items.push(item)
    this.wake()
  }

  private async run(): Promise<void> {
    while (!this.over) {
      const item = this.items.shift()
      if (item === undefined) await new Promise<void>((resolve) => (this.wake = resolve))
      else if (typeof item === 'string') await this.end(item)
      else await this.pass(item.bytes, item.arrivedAt)
    }
  }

  private async pass(bytes: Buffer, arrivedAt: number): Promise<void> {
    for await (const piece of treated(bytes, arrivedAt, this.treatments())) await this.write(piece)
    this.held -= bytes.length
    if (this.held < MAX_HELD_BYTES / 2 && this.source.isPaused()) this.source.resume()
  }

  private async end(how: 'end' | 'reset'): Promise<void> {
    for (const treatment of this.treatments()) await treatment.ending?.()
    if (how === 'end') this.sink.end()
    else reset(this.sink)
  }

  private treatments(): Treatment[] {
    return [...this.infections.values()].map(({ treatment }) => treatment)
  }

  /** Until the kernel has it. Bytes for a side that is gone are dropped. */
  private write(bytes: Buffer): Promise<void> {
    if (!this.sink.writable) return Promise.resolve()
    return new Promise((resolve) => {
      this.sink.write(bytes, () => resolve())
    })
  }
}

/** Sends RST. A socket that is not connected yet has no peer to notify. */
export function reset(socket: Socket): void {
  if (socket.destroyed) return
  if (socket.connecting) socket.destroy()
  else socket.resetAndDestroy()
}

/** Each toxic gets what the one before let out. */
async function* treated(bytes: Buffer, arrivedAt: number, treatments: Treatment[]): AsyncGenerator<Buffer, void, undefined> {
  const [first, ...others] = treatments
  if (first === undefined) yield bytes
  else if (first.bytes === undefined) yield* treated(bytes, arrivedAt, others)
  else for await (const piece of first.bytes(bytes, arrivedAt)) yield* treated(piece, arrivedAt, others)
}

async function elapsed(ms: number, signal: AbortSignal): Promise<boolean> {
  if (ms > 0) await delay(Math.min(ms, MAX_TIMER_MS), undefined, { signal, ref: false }).catch(() => {})
  return !signal.aborted
}

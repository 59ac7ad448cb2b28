import type { Direction, InfectedFlow, Random, Toxic, Treatment } from './toxic.js'

const BOTH: readonly Direction[] = ['up', 'down']
type Where = { direction?: Direction | 'both' }

function toxic(name: string, { direction = 'both' }: Where, infect: (flow: InfectedFlow) => Treatment): Toxic {
  return { name: `${name} ${direction}`, directions: direction === 'both' ? BOTH : [direction], infect }
}

/**
 * Bytes and endings arrive `ms` (± `jitter.ms`) later, in their order. Lifting it delivers at once what was held: with an hour of latency
 * it is a partition that heals before TCP gives up.
 */
export function latency(options: Where & { ms: number; jitter?: { ms: number; random: Random } }): Toxic {
  const { ms, jitter } = options
  const delay = (): number => (jitter === undefined ? ms : Math.max(0, ms + (jitter.random() * 2 - 1) * jitter.ms))
  return toxic(`latency ${ms} ms`, options, (flow) => ({
    async *bytes(chunk, arrivedAt) {
      // From arrival, not from its turn: chunks that came together leave together.
      await flow.wait(arrivedAt + delay() - performance.now())
      yield chunk
    },
    async ending() {
      await flow.wait(delay())
    },
  }))
}

const STEP_MS = 20

/** Each connection passes so many bytes a second. */
export function bandwidth(options: Where & { bytesPerSecond: number }): Toxic {
  const { bytesPerSecond } = options
  const step = Math.max(1, Math.floor((bytesPerSecond * STEP_MS) / 1000))
  return toxic(`bandwidth ${bytesPerSecond} B/s`, options, (flow) => {
    let free = 0
    return {
      async *bytes(chunk, arrivedAt) {
        for (const piece of slices(chunk, () => step)) {
          // On a clock of the line, so that timers that fire late do not add up.
          free = Math.max(free, arrivedAt) + (piece.length / bytesPerSecond) * 1000
          await flow.wait(free - performance.now())
          yield piece
        }
      },
    }
  })
}

/** Bytes arrive in pieces of `bytes` (± `variation.bytes`), `gapMs` apart: finds readers that take one chunk for one message. */
export function slicer(options: Where & { bytes: number; gapMs?: number; variation?: { bytes: number; random: Random } }): Toxic {
  const { bytes, gapMs = 1, variation } = options
  const size = (): number => (variation === undefined ? bytes : Math.round(bytes + (variation.random() * 2 - 1) * variation.bytes))
  return toxic(`slicer ${bytes} B`, options, (flow) => ({
    async *bytes(chunk) {
      for (const piece of slices(chunk, size)) {
        yield piece
        await flow.wait(gapMs)
      }
    },
  }))
}

/** RST to both sides of each connection, `afterMs` after this was applied or the connection opened. */
export function reset({ afterMs = 0 }: { afterMs?: number } = {}): Toxic {
  return {
    name: `reset after ${afterMs} ms`,
    directions: ['up'], // one flow is enough to reset a connection
    infect(flow) {
      void flow.wait(afterMs).then((passed) => {
        if (passed) flow.reset()
      })
      return {}
    },
  }
}

/**
 * Bytes and endings vanish, the connection stays open; new ones open too and receive nothing. A flow that lost bytes may not continue:
 * TCP never delivers a stream with a hole, so lifting resets those connections, as a host does that has forgotten them.
 */
export function blackHole(options: Where = {}): Toxic {
  return toxic('black hole', options, (flow) => {
    let swallowed = false
    return {
      // oxlint-disable-next-line require-yield -- nothing comes out of a black hole
      async *bytes() {
        swallowed = true
      },
      async ending() {
        await flow.wait(Infinity)
      },
      lifted() {
        if (swallowed) flow.reset()
      },
    }
  })
}

/**
 * New connections are reset; open ones go on (`proxy.cut()` ends them). The client sees ECONNRESET rather than ECONNREFUSED: to refuse,
 * the proxy would have to give up its port, and might not get it back.
 */
export function down(): Toxic {
  return { name: 'down', directions: [], refuses: true, infect: () => ({}) }
}

/** The other side's ending comes `ms` late. */
export function slowClose(options: Where & { ms: number }): Toxic {
  return toxic(`slow close ${options.ms} ms`, options, (flow) => ({
    async ending() {
      await flow.wait(options.ms)
    },
  }))
}

/**
 * Lets so many bytes of each connection pass from now on and resets it when more would. None at all on the way down loses the answer to
 * a request that was received: a delivery whose 2xx never arrives.
 */
export function limitData(options: { bytes: number; direction: Direction }): Toxic {
  return toxic(`limit data ${options.bytes} B`, options, (flow) => {
    let left = options.bytes
    return {
      async *bytes(chunk) {
        const passing = chunk.subarray(0, left)
        left -= passing.length
        if (passing.length > 0) yield passing
        if (passing.length === chunk.length) return
        // The server is not reset: of what it has received nothing shall be lost.
        if (options.direction === 'down') flow.abandonClient()
        else flow.reset()
      },
    }
  })
}

function* slices(chunk: Buffer, size: () => number): Generator<Buffer, void, undefined> {
  for (let start = 0; start < chunk.length;) {
    const end = start + Math.max(1, size())
    yield chunk.subarray(start, end)
    start = end
  }
}

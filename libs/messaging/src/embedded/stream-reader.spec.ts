import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '#libs/platform/testing'
import { StreamReader } from './stream-reader.js'

interface Row {
  offset: string
}

/** Log whose queries return on the test's command, with a handler that fails a configured number of times. */
class Log {
  readonly rows: Row[] = []
  readonly handled: number[] = []
  stored = 0
  failures = 0
  private readonly held: (() => void)[] = []

  append(count: number): Row[] {
    const added = Array.from({ length: count }, () => ({ offset: String(this.rows.length + 1) }))
    // Offsets of one topic have gaps: other topics of the service draw from the same counter.
    for (const [index, row] of added.entries()) row.offset = String((this.rows.length + index + 1) * 3)
    this.rows.push(...added)
    return added
  }

  /** Releases the waiting queries, with the rows that existed when they were issued. */
  answer(): void {
    for (const release of this.held.splice(0)) release()
  }

  reader(clock: VirtualClock): StreamReader<Row> {
    return new StreamReader<Row>(
      {
        topic: 't',
        source: 's',
        position: async () => this.stored,
        storePosition: async (offset) => void (this.stored = offset),
        fetch: (after, limit) => {
          const seen = this.rows.filter((row) => Number(row.offset) > after).slice(0, limit)
          return new Promise((resolve) => this.held.push(() => resolve(seen)))
        },
        handle: async (row) => {
          if (this.failures > 0) {
            this.failures--
            throw new Error('not now')
          }
          this.handled.push(Number(row.offset))
        },
      },
      clock,
      () => {},
    )
  }
}

async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('a stream reader', () => {
  it('handles every row once and in order, with any sequence of pushes, fetches, delays and failures', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('push' as const), rows: fc.integer({ min: 1, max: 700 }) }),
      fc.record({ do: fc.constantFrom('answer' as const, 'fail' as const, 'pass' as const) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 250 }), fc.array(step, { maxLength: 12 }), async (before, steps) => {
        const clock = new VirtualClock()
        const log = new Log()
        log.append(before)
        const reader = log.reader(clock)
        reader.start()
        for (const next of steps) {
          if (next.do === 'push') reader.push(log.append(next.rows))
          if (next.do === 'answer') log.answer()
          if (next.do === 'fail') log.failures = 1
          if (next.do === 'pass') clock.advanceTo(clock.now().getTime() + 300)
          await turns(3)
        }
        for (let round = 0; round < 60 && log.handled.length < log.rows.length; round++) {
          log.answer()
          await turns(3)
          clock.advanceTo(clock.now().getTime() + 31_000)
          await turns(3)
        }
        expect(log.handled).toEqual(log.rows.map((row) => Number(row.offset)))
        const stopping = reader.stop()
        for (let round = 0; round < 5; round++) {
          log.answer()
          await turns(2)
        }
        await stopping
        expect(log.stored).toBe(Number(log.rows.at(-1)?.offset ?? 0))
      }),
      { numRuns: 60 },
    )
  })
})

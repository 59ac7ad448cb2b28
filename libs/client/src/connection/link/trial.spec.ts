import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../testing/manual-clock.js'
import type { Transport } from './transport.js'
import { Trial, type TrialEnd } from './trial.js'

/** Starts a session over a transport that never receives anything by itself. */
function start() {
  const clock = new ManualClock(0)
  const ends: TrialEnd[] = []
  const transport = {
    openMs: 5_000,
    firstMs: 15_000,
    silenceMs: 6_000,
    open: () => ({ received: () => 0, drop: () => {} }),
  } as unknown as Transport
  const events = { frame: () => {}, ended: (end: TrialEnd) => void ends.push(end) }
  return { clock, ends, trial: new Trial('stream', transport, { revision: undefined } as never, clock, events) }
}

describe('a session that falls silent', () => {
  it('reports the limit for opening while it is not open', () => {
    const { clock, ends } = start()
    clock.advance(5_000)
    expect(ends).toMatchObject([{ reason: 'no frame for 5 s', blocked: true, hadFrames: false }])
  })

  it('reports the limit for a first frame once it is open', () => {
    const { clock, ends, trial } = start()
    trial.opened()
    clock.advance(15_000)
    expect(ends).toMatchObject([{ reason: 'no frame for 15 s', blocked: true, hadFrames: false }])
  })

  it('reports the limit between frames after a frame', () => {
    const { clock, ends, trial } = start()
    trial.receive(JSON.stringify({ type: 'heartbeat', revision: 4 }))
    clock.advance(6_000)
    expect(ends).toMatchObject([{ reason: 'no frame for 6 s', hadFrames: true }])
  })
})

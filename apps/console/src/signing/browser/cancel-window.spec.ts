import { VirtualClock } from '#libs/platform/testing'
import { describe, expect, it } from 'vitest'
import { CancelWindow, MORE_MS, WINDOW_MS } from './cancel-window.js'

function harness() {
  const clock = new VirtualClock()
  const seen: (number | 'sent')[] = []
  const ports = { now: () => clock.now().getTime(), after: (ms: number, task: () => void) => clock.after(ms, task) }
  const open = new CancelWindow(ports, { left: (seconds) => seen.push(seconds), over: () => seen.push('sent') })
  const pass = (ms: number): void => clock.advanceTo(clock.now().getTime() + ms)
  const sent = (): number => seen.filter((each) => each === 'sent').length
  return { open, pass, seen, sent }
}

describe('the time to take a signature back', () => {
  it('counts down and sends once', () => {
    const { pass, seen, sent } = harness()
    expect(seen).toEqual([10])
    pass(WINDOW_MS - 1)
    expect(sent()).toBe(0)
    pass(1_000)
    pass(WINDOW_MS)
    expect(sent()).toBe(1)
  })

  it('sends nothing once it was cancelled', () => {
    const { open, pass, sent } = harness()
    pass(WINDOW_MS - 500)
    open.cancel()
    pass(2 * WINDOW_MS)
    expect(sent()).toBe(0)
  })

  it('sends at once, and not again', () => {
    const { open, pass, sent } = harness()
    open.sendNow()
    pass(2 * WINDOW_MS)
    expect(sent()).toBe(1)
  })

  it('can be made longer', () => {
    const { open, pass, sent } = harness()
    open.more()
    pass(WINDOW_MS)
    expect(sent()).toBe(0)
    pass(MORE_MS)
    expect(sent()).toBe(1)
  })
})

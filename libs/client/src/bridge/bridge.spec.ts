import { beforeEach, describe, expect, it, vi } from 'vitest'
import { ManualClock } from '../testing/manual-clock.js'
import { Bridge } from './bridge.js'
import { parsePolicyIds } from './pane-bounds.js'
import type { PaneMessage } from './pane.js'
import { FakeStream } from './testing/fake-stream.js'

const AIR = 'epa-pm25-limit'
const OZONE = 'ozone-limit'

let stream: FakeStream
let bridge: Bridge

beforeEach(() => {
  stream = new FakeStream()
  bridge = new Bridge(stream, new ManualClock(0), undefined, undefined)
})

const codeOf = (code: string): Error => expect.objectContaining({ code }) as Error

describe('a bridge that delivers messages', () => {
  it('sends a change to the panes that declared its id, and no others', () => {
    const [air, both, ozone, host] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()]
    bridge.pane({ name: 'air', policies: [AIR] }).on('policy:changed', air)
    bridge.pane({ name: 'both', policies: [OZONE, AIR] }).on('policy:changed', both)
    bridge.pane({ name: 'ozone', policies: [OZONE] }).on('policy:changed', ozone)
    bridge.on('policy:changed', host)
    stream.put(AIR, '1.5.0', 35)
    stream.put(AIR, '2.0.0', 25)
    const change = { id: AIR, from: '1.5.0', to: '2.0.0', revision: 2, value: expect.objectContaining({ limit: 25 }) as unknown }
    for (const listener of [air, both, host]) {
      expect(listener).toHaveBeenCalledTimes(2)
      expect(listener).toHaveBeenLastCalledWith(change)
    }
    expect(ozone).not.toHaveBeenCalled()
  })

  it('sends the change of a withdrawn policy without a value', () => {
    const listener = vi.fn()
    stream.put(AIR, '1.5.0', 35)
    const pane = bridge.pane({ policies: [AIR] })
    pane.on('policy:changed', listener)
    stream.put(AIR, null)
    expect(listener).toHaveBeenCalledWith({ id: AIR, from: '1.5.0', to: null, revision: 2, value: null })
    expect(() => pane.get(AIR)).toThrow(codeOf('HMS_POLICY_NOT_FOUND'))
  })

  it('sends a pane’s message as a frozen copy to the other panes that declared the id, and to the host', () => {
    const [self, other, ozone, host] = [vi.fn(), vi.fn(), vi.fn(), vi.fn()]
    const air = bridge.pane({ name: 'air', policies: [AIR] })
    air.on('reading', self)
    bridge.pane({ name: 'other', policies: [AIR] }).on('reading', other)
    bridge.pane({ name: 'ozone', policies: [OZONE] }).on('reading', ozone)
    bridge.on('reading', host)
    const message = { id: AIR, reading: { pm25: 30 } }
    air.emit('reading', message)
    expect(other.mock.calls).toEqual([[message]])
    expect(host.mock.calls).toEqual([[message]])
    expect(self).not.toHaveBeenCalled()
    expect(ozone).not.toHaveBeenCalled()
    const listener = other.mock.calls[0]![0] as PaneMessage
    expect(listener).not.toBe(message)
    expect(Object.isFrozen(listener['reading'])).toBe(true)
  })

  it('sends the host’s messages by id, and the verified value with policy:changed', () => {
    const [air, ozone, chosen] = [vi.fn(), vi.fn(), vi.fn()]
    stream.put(AIR, '1.5.0', 35)
    const pane = bridge.pane({ policies: [AIR] })
    pane.on('policy:changed', air)
    pane.on('chosen', chosen)
    bridge.pane({ policies: [OZONE] }).on('policy:changed', ozone)
    bridge.emit('chosen', { id: AIR })
    bridge.emit('policy:changed', { id: AIR, value: { limit: 9_000 } })
    expect(chosen).toHaveBeenCalledTimes(1)
    // The value is the verified one, not the caller's.
    expect(air.mock.calls).toEqual([[{ id: AIR, from: '1.5.0', to: '1.5.0', revision: 1, value: stream.find(AIR) }]])
    expect(ozone).not.toHaveBeenCalled()
  })

  it('refuses reserved events and undeclared ids from a pane', () => {
    const listener = vi.fn()
    bridge.pane({ policies: [AIR] }).on('policy:changed', listener)
    const pane = bridge.pane({ name: 'mine', policies: [AIR] })
    expect(() => pane.emit('policy:changed', { id: AIR })).toThrow(codeOf('HMS_BRIDGE_EVENT_RESERVED'))
    expect(() => pane.emit('bridge:stale', { id: AIR })).toThrow(codeOf('HMS_BRIDGE_EVENT_RESERVED'))
    expect(() => bridge.emit('bridge:stale', { id: AIR })).toThrow(codeOf('HMS_BRIDGE_EVENT_RESERVED'))
    expect(() => pane.emit('reading', { id: OZONE })).toThrow(codeOf('HMS_BRIDGE_NOT_DECLARED'))
    expect(() => pane.get(OZONE)).toThrow(codeOf('HMS_BRIDGE_NOT_DECLARED'))
    expect(listener).not.toHaveBeenCalled()
  })

  it('accepts only JSON about one policy, of at most 64 KiB', () => {
    const pane = bridge.pane({ policies: [AIR] })
    const cycle: Record<string, unknown> = { id: AIR }
    cycle['self'] = cycle
    for (const message of [cycle, { id: AIR, text: 'x'.repeat(64 * 1024) }, { reading: 1 }, null, [AIR], undefined])
      expect(() => pane.emit('reading', message as PaneMessage)).toThrow(codeOf('HMS_BRIDGE_MESSAGE_INVALID'))
    expect(() => pane.emit('', { id: AIR })).toThrow(codeOf('HMS_BRIDGE_MESSAGE_INVALID'))
  })

  it('sends nothing to or from a closed pane', () => {
    const [listener, host] = [vi.fn(), vi.fn()]
    const pane = bridge.pane({ policies: [AIR] })
    pane.on('policy:changed', listener)
    bridge.on('reading', host)
    pane.close()
    stream.put(AIR, '1.5.0', 35)
    pane.emit('reading', { id: AIR })
    expect(pane.state).toBe('CLOSED')
    expect(listener).not.toHaveBeenCalled()
    expect(host).not.toHaveBeenCalled()
  })

  it('notifies every pane that values may be old', () => {
    stream.put(AIR, '1.5.0', 35)
    const [air, ozone] = [vi.fn(), vi.fn()]
    const pane = bridge.pane({ policies: [AIR] })
    pane.on('bridge:stale', air)
    bridge.pane({ policies: [OZONE] }).on('bridge:stale', ozone)
    stream.stale('the connection was closed')
    expect(air.mock.calls).toEqual([[{ reason: 'the connection was closed' }]])
    expect(ozone).toHaveBeenCalledTimes(1)
    expect(pane.state).toBe('STALE')
    expect(pane.get(AIR)['limit']).toBe(35)
  })
})

describe('a bridge that admits panes', () => {
  it('requires valid policy ids', () => {
    for (const policies of [[], ['*'], ['Not An Id'], Array.from({ length: 257 }, (_, n) => `policy-${n}`), 'epa-pm25-limit'])
      expect(() => bridge.pane({ policies: policies as string[] })).toThrow(codeOf('HMS_BRIDGE_PANE_INVALID'))
    expect(() => bridge.pane({ name: 'x'.repeat(101), policies: [AIR] })).toThrow(codeOf('HMS_BRIDGE_PANE_INVALID'))
  })

  it('accepts at most 256 open panes', () => {
    const panes = Array.from({ length: 256 }, () => bridge.pane({ policies: [AIR] }))
    expect(() => bridge.pane({ policies: [AIR] })).toThrow(codeOf('HMS_BRIDGE_FULL'))
    panes[0]!.close()
    expect(() => bridge.pane({ policies: [AIR] })).not.toThrow()
  })

  it('accepts at most a hundred policies per connection', () => {
    const named = (count: number) => Array.from({ length: count }, (_, n) => `policy-${n}`)
    expect(parsePolicyIds([...named(100), 'policy-0'])).toEqual(named(100))
    expect(() => parsePolicyIds(named(101))).toThrow(codeOf('HMS_BRIDGE_PANE_INVALID'))
  })

  it('refuses policies that the connection does not follow', () => {
    const few = new Bridge(stream, new ManualClock(0), [AIR], undefined)
    expect(() => few.pane({ policies: [AIR, OZONE] })).toThrow(codeOf('HMS_BRIDGE_NOT_FOLLOWED'))
  })
})

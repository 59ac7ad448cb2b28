import { beforeEach, describe, expect, it, vi } from 'vitest'
import { CONNECTION_STATES } from '../../connection/hms-connection.js'
import { ManualClock } from '../../testing/manual-clock.js'
import { Bridge } from '../bridge.js'
import type { Pane } from '../pane.js'
import { facing, FakeWindow } from '../testing/fake-windows.js'
import { FakeStream } from '../testing/fake-stream.js'
import { joinFrom, type JoinOptions } from './join-bridge.js'
import type { FrameWindow } from './messages.js'

const AIR = 'epa-pm25-limit'
const OZONE = 'ozone-limit'
const PORTAL = 'https://portal.example.gov'
const PANES = 'https://panes.example.gov'
const ELSEWHERE = 'https://elsewhere.example.com'

let stream: FakeStream
let clock: ManualClock
let portal: FakeWindow
let bridge: Bridge

beforeEach(() => {
  stream = new FakeStream()
  clock = new ManualClock(0)
  portal = new FakeWindow(PORTAL)
  bridge = new Bridge(stream, clock, undefined, portal)
})

interface Frame {
  page: FakeWindow & { parent: FrameWindow }
  contentWindow: FrameWindow
  join(options?: Partial<JoinOptions>): Promise<Pane>
}

function frame(origin = PANES): Frame {
  const page = new FakeWindow(origin)
  const { frameAtHost, hostAtFrame } = facing(portal, page)
  const inPage = Object.assign(page, { parent: hostAtFrame })
  const join = (options?: Partial<JoinOptions>) => joinFrom({ page: inPage, clock }, { host: PORTAL, policies: [AIR], ...options })
  return { page: inPage, contentWindow: frameAtHost, join }
}

const codeOf = (code: string): unknown => expect.objectContaining({ code })

describe('a pane in a frame', () => {
  it.each(CONNECTION_STATES)('joins a host in state %s, and has that state', async (state) => {
    stream.state = state
    const there = frame()
    bridge.frame(there, { origin: PANES })
    expect((await there.join()).state).toBe(state)
  })

  it('reads values in force, and is notified of its own policies only', async () => {
    stream.put(AIR, '1.5.0', 35)
    const there = frame()
    bridge.frame(there, { origin: PANES })
    const pane = await there.join()
    expect(pane.get(AIR)).toEqual(stream.find(AIR))
    expect(Object.isFrozen(pane.get(AIR))).toBe(true)
    expect(pane.state).toBe('READY')
    const listener = vi.fn()
    pane.on('policy:changed', listener)
    stream.put(OZONE, '1.0.0', 70)
    stream.put(AIR, '2.0.0', 25)
    expect(listener.mock.calls).toEqual([[{ id: AIR, from: '1.5.0', to: '2.0.0', revision: 3, value: stream.find(AIR) }]])
    expect(pane.get(AIR)['limit']).toBe(25)
    clock.advance(2_000)
    expect(pane.explain(AIR)).toMatchObject({ version: '2.0.0', trust: 'pinned', ageMs: 2_000 })
    expect(there.page.targets.every((target) => target === PANES)).toBe(true)
    expect(portal.targets.every((target) => target === PORTAL)).toBe(true)
  })

  it('exchanges messages with other panes by policy id', async () => {
    const there = frame()
    bridge.frame(there, { origin: PANES })
    const pane = await there.join()
    const [here, in_frame, ozone] = [vi.fn(), vi.fn(), vi.fn()]
    const local = bridge.pane({ policies: [AIR] })
    local.on('reading', here)
    bridge.pane({ policies: [OZONE] }).on('reading', ozone)
    pane.on('chosen', in_frame)
    pane.emit('reading', { id: AIR, pm25: 30 })
    local.emit('chosen', { id: AIR, station: 7 })
    expect(here.mock.calls).toEqual([[{ id: AIR, pm25: 30 }]])
    expect(in_frame.mock.calls).toEqual([[{ id: AIR, station: 7 }]])
    expect(ozone).not.toHaveBeenCalled()
  })

  it('is notified when values may be old, and when they are current again', async () => {
    stream.put(AIR, '1.5.0', 35)
    const there = frame()
    bridge.frame(there, { origin: PANES })
    const pane = await there.join()
    const stale = vi.fn()
    pane.on('bridge:stale', stale)
    stream.stale('the connection was closed')
    expect(stale.mock.calls).toEqual([[{ reason: 'the connection was closed' }]])
    expect(pane.state).toBe('STALE')
    expect(pane.get(AIR)['limit']).toBe(35)
  })

  it('repeats its join request until the host accepts it', async () => {
    const there = frame()
    const joining = there.join()
    clock.advance(2_000)
    bridge.frame(there, { origin: PANES })
    clock.advance(500)
    await expect(joining).resolves.toMatchObject({ state: 'READY' })
  })

  it('rejects when the host never responds', async () => {
    const joining = frame().join({ timeoutMs: 3_000 })
    clock.advance(3_000)
    await expect(joining).rejects.toThrow(codeOf('HMS_BRIDGE_NO_HOST') as Error)
  })

  it('is refused with the reason for ids that it may not declare', async () => {
    const there = frame()
    bridge.frame(there, { origin: PANES, policies: [OZONE] })
    await expect(there.join()).rejects.toThrow(codeOf('HMS_BRIDGE_NOT_ALLOWED') as Error)
    await expect(there.join({ policies: ['*'] })).rejects.toThrow(codeOf('HMS_BRIDGE_PANE_INVALID') as Error)
  })

  it('replaces its membership when it is reloaded, and receives each change once', async () => {
    const there = frame()
    bridge.frame(there, { origin: PANES })
    await there.join()
    const pane = await there.join({ policies: [OZONE] })
    const listener = vi.fn()
    pane.on('policy:changed', listener)
    stream.put(OZONE, '1.0.0', 70)
    stream.put(AIR, '1.5.0', 35)
    expect(listener).toHaveBeenCalledTimes(1)
  })

  it('receives nothing after it left or was removed', async () => {
    const there = frame()
    const putOut = bridge.frame(there, { origin: PANES })
    const first = await there.join()
    first.close()
    const sent = there.page.targets.length
    stream.put(AIR, '1.5.0', 35)
    expect(there.page.targets).toHaveLength(sent)
    const second = await there.join()
    putOut()
    expect(second.state).toBe('STALE')
    stream.put(AIR, '2.0.0', 25)
    expect(second.get(AIR)['limit']).toBe(35)
  })
})

describe('a bridge with untrusted windows', () => {
  it('ignores another origin in the same window, and sends it nothing', async () => {
    const there = frame()
    bridge.frame(there, { origin: PANES })
    const pane = await there.join()
    const host = vi.fn()
    bridge.on('reading', host)
    there.page.origin = ELSEWHERE
    const leak = vi.fn()
    there.page.addEventListener('message', leak)
    pane.emit('reading', { id: AIR })
    stream.put(AIR, '2.0.0', 25)
    expect(host).not.toHaveBeenCalled()
    expect(leak).not.toHaveBeenCalled()
  })

  it('ignores another window of the same origin', () => {
    const [known, stranger] = [frame(), frame()]
    bridge.frame(known, { origin: PANES })
    void stranger.join().catch(() => {})
    expect(stranger.page.targets).toEqual([])
  })

  it('accepts in a frame only messages of its parent from the named origin', async () => {
    stream.put(AIR, '2.0.0', 25)
    const there = frame()
    bridge.frame(there, { origin: PANES })
    const pane = await there.join()
    const forged = {
      hmsBridge: 1,
      type: 'changed',
      change: { id: AIR, from: null, to: '9.0.0', revision: 99 },
      explanation: { ...pane.explain(AIR), value: { id: AIR, version: '9.0.0', limit: 9_000 }, version: '9.0.0' },
    }
    there.page.deliver(forged, PANES, { origin: PORTAL, source: {} })
    portal.origin = ELSEWHERE
    there.contentWindow.postMessage(forged, PANES)
    expect(pane.get(AIR)['limit']).toBe(25)
    portal.origin = PORTAL
    there.contentWindow.postMessage(forged, PANES)
    expect(pane.get(AIR)['limit']).toBe(9_000)
    there.contentWindow.postMessage({ ...forged, change: { ...forged.change, revision: 98 }, explanation: null }, PANES)
    // A lower revision is not applied.
    expect(pane.get(AIR)['limit']).toBe(9_000)
  })

  it('requires an origin without wildcard or path', () => {
    for (const origin of ['*', 'null', '', PANES + '/', `${PANES}/path`, 'file://', 'https://*.example.gov', undefined])
      expect(() => bridge.frame(frame(), { origin: origin as string })).toThrow(codeOf('HMS_BRIDGE_PANE_INVALID') as Error)
  })

  it.each([
    null,
    'join',
    { type: 'join', name: 'pane', policies: [AIR] },
    { hmsBridge: 2, type: 'join', name: 'pane', policies: [AIR] },
    { hmsBridge: 1, type: 'join', name: 'pane' },
    { hmsBridge: 1, type: 'emit', event: 'reading', message: { id: AIR } },
    { hmsBridge: 1, type: 'changed', change: { id: AIR, revision: 9 }, explanation: null },
    { hmsBridge: 1 },
  ])('ignores the message %j', (message) => {
    const there = frame()
    const host = vi.fn()
    bridge.frame(there, { origin: PANES })
    bridge.on('reading', host)
    there.page.parent.postMessage(message, PORTAL)
    expect(there.page.targets).toEqual([])
    expect(host).not.toHaveBeenCalled()
  })

  it('removes a frame above the rate limit, and no other', async () => {
    const [loud, quiet] = [frame(), frame()]
    bridge.frame(loud, { origin: PANES })
    bridge.frame(quiet, { origin: PANES })
    const [pane, other] = [await loud.join(), await quiet.join()]
    const host = vi.fn()
    bridge.on('reading', host)
    for (let n = 0; n < 500; n++) pane.emit('reading', { id: AIR })
    expect(host.mock.calls.length).toBeLessThanOrEqual(100)
    expect(pane.state).toBe('STALE')
    clock.advance(60_000)
    pane.emit('reading', { id: AIR })
    expect(host.mock.calls.length).toBeLessThanOrEqual(100)
    other.emit('reading', { id: AIR, quiet: true })
    expect(host).toHaveBeenLastCalledWith({ id: AIR, quiet: true })
  })
})

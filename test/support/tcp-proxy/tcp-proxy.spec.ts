import { randomBytes } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freePort, until } from '../processes.js'
import { EchoServer, Talker } from './talker.js'
import { TcpProxy } from './tcp-proxy.js'
import { bandwidth, blackHole, down, latency, limitData, reset, slicer, slowClose } from './toxics.js'

async function echoBehindProxy(): Promise<{ echo: EchoServer; proxy: TcpProxy; call(): Promise<Talker> }> {
  const echo = await EchoServer.start()
  const proxy = await TcpProxy.start({ host: '127.0.0.1', port: echo.port })
  const callers: Talker[] = []
  onTestFinished(async () => {
    for (const { socket } of callers) socket.destroy()
    await proxy.stop()
    await echo.stop()
  })
  const call = async (): Promise<Talker> => {
    const caller = await Talker.dial(proxy.port)
    callers.push(caller)
    return caller
  }
  return { echo, proxy, call }
}

/** Milliseconds until so many more bytes came back. */
async function roundTrip(caller: Talker, words: string): Promise<number> {
  const before = caller.text.length
  const start = performance.now()
  caller.say(words)
  await caller.heard(before + words.length)
  return performance.now() - start
}

function seeded(seed: number): () => number {
  let state = seed
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647
}

describe('a calm proxy', () => {
  it('passes bytes and the end both ways, and writes its own port into URLs', async () => {
    const { echo, proxy, call } = await echoBehindProxy()
    const caller = await call()
    const payload = randomBytes(3_000_000)
    caller.say(payload)
    expect((await caller.heard(payload.length)).equals(payload)).toBe(true)
    caller.socket.end()
    expect(await caller.over).toBe('end')
    expect(await (await echo.guest(0)).over).toBe('end')
    await until('nothing stays open', async () => proxy.connections === 0)
    expect(proxy.url('postgres://hms:secret@localhost:5432/hms')).toBe(`postgres://hms:secret@127.0.0.1:${proxy.port}/hms`)
    expect(proxy.url('https://partner.example/hook?a=1')).toBe(`https://127.0.0.1:${proxy.port}/hook?a=1`)
  })

  it('passes a broken connection on, from either side', async () => {
    const { echo, call } = await echoBehindProxy()
    const first = await call()
    await roundTrip(first, 'x')
    first.socket.resetAndDestroy()
    expect(await (await echo.guest(0)).over).toBe('ECONNRESET')
    const second = await call()
    await roundTrip(second, 'x')
    const guest = await echo.guest(1)
    guest.socket.resetAndDestroy()
    expect(await second.over).toBe('ECONNRESET')
  })

  it('resets the client while the server is down, and reaches it when it is back', async () => {
    const port = await freePort()
    const proxy = await TcpProxy.start({ host: '127.0.0.1', port })
    onTestFinished(() => proxy.stop())
    expect(await (await Talker.dial(proxy.port)).over).toBe('ECONNRESET')
    const server = await EchoServer.start({ port })
    onTestFinished(() => server.stop())
    const caller = await Talker.dial(proxy.port)
    expect(await roundTrip(caller, 'back')).toBeGreaterThan(0)
  })

  it('ends with stop()', async () => {
    const { proxy, call } = await echoBehindProxy()
    const caller = await call()
    await roundTrip(caller, 'x')
    proxy.apply(latency({ ms: 3_600_000 }))
    caller.say('never')
    await proxy.stop()
    expect(await caller.over).toBe('ECONNRESET')
    expect(await (await Talker.dial(proxy.port)).over).toBe('ECONNREFUSED')
  })
})

describe('toxics', () => {
  it('latency: late by so much each way, in order, and held bytes come at once when it is lifted', async () => {
    const { proxy, call } = await echoBehindProxy()
    const caller = await call()
    const lift = proxy.apply(latency({ ms: 60, direction: 'down' }))
    expect(await roundTrip(caller, 'x')).toBeGreaterThanOrEqual(59)
    lift()
    proxy.apply(latency({ ms: 30, jitter: { ms: 25, random: seeded(7) } }))
    for (let n = 0; n < 10; n += 1) expect(await roundTrip(caller, String(n))).toBeGreaterThanOrEqual(9)
    proxy.apply(latency({ ms: 3_600_000, direction: 'up' }))
    caller.say('partitioned')
    proxy.calm()
    await caller.heard(22)
    expect(caller.text).toBe('x0123456789partitioned')
  })

  it('bandwidth: so many bytes a second', async () => {
    const { proxy, call } = await echoBehindProxy()
    proxy.apply(bandwidth({ bytesPerSecond: 200_000, direction: 'up' }))
    const ms = await roundTrip(await call(), 'b'.repeat(40_000))
    expect(ms).toBeGreaterThanOrEqual(195)
  })

  it('slicer: no chunk arrives whole', async () => {
    const { echo, proxy, call } = await echoBehindProxy()
    proxy.apply(slicer({ bytes: 3, gapMs: 2, direction: 'up' }))
    await roundTrip(await call(), 'one message of some length')
    expect((await echo.guest(0)).chunks.length).toBeGreaterThan(4)
  })

  it('several at once: every byte arrives, in order', async () => {
    const { proxy, call } = await echoBehindProxy()
    const random = seeded(11)
    proxy.apply(latency({ ms: 5, jitter: { ms: 5, random } }))
    proxy.apply(slicer({ bytes: 4_000, variation: { bytes: 3_999, random }, gapMs: 0 }))
    proxy.apply(bandwidth({ bytesPerSecond: 4_000_000 }))
    const caller = await call()
    const payload = randomBytes(600_000)
    caller.say(payload)
    expect((await caller.heard(payload.length)).equals(payload)).toBe(true)
  })

  it('reset: open and new connections, on both sides', async () => {
    const { echo, proxy, call } = await echoBehindProxy()
    const caller = await call()
    await roundTrip(caller, 'x')
    const lift = proxy.apply(reset())
    expect(await caller.over).toBe('ECONNRESET')
    expect(await (await echo.guest(0)).over).toBe('ECONNRESET')
    expect(await (await call()).over).toBe('ECONNRESET')
    lift()
    expect(await roundTrip(await call(), 'fine')).toBeGreaterThan(0)
  })

  it('cut(): open connections only', async () => {
    const { echo, proxy, call } = await echoBehindProxy()
    const caller = await call()
    await roundTrip(caller, 'x')
    proxy.cut()
    expect(await caller.over).toBe('ECONNRESET')
    expect(await (await echo.guest(0)).over).toBe('ECONNRESET')
    expect(await roundTrip(await call(), 'fine')).toBeGreaterThan(0)
  })

  it('black hole: bytes and endings vanish, new connections receive nothing; all that lost bytes are reset at its end', async () => {
    const { echo, proxy, call } = await echoBehindProxy()
    const [loud, quiet] = [await call(), await call()]
    await roundTrip(loud, 'before')
    await roundTrip(quiet, 'before')
    const lift = proxy.apply(blackHole({ direction: 'up' }))
    loud.say('lost')
    const late = await call()
    late.say('lost too')
    const [loudGuest, lateGuest] = [await echo.guest(0), await echo.guest(2)]
    // The way down is open: what the server says passes, and behind it nothing came back.
    loudGuest.say('down')
    lateGuest.say('down')
    await loud.heard(10)
    await late.heard(4)
    lift()
    expect(await loud.over).toBe('ECONNRESET')
    expect(await late.over).toBe('ECONNRESET')
    expect(await loudGuest.over).toBe('ECONNRESET')
    expect([loud.text, late.text, loudGuest.text, lateGuest.text]).toEqual(['beforedown', 'down', 'before', ''])
    expect(await roundTrip(quiet, 'goes on')).toBeGreaterThan(0)
  })

  it('down: new connections are reset, open ones continue', async () => {
    const { echo, proxy, call } = await echoBehindProxy()
    const caller = await call()
    await roundTrip(caller, 'x')
    const lift = proxy.apply(down())
    expect(await (await call()).over).toBe('ECONNRESET')
    expect(await roundTrip(caller, 'y')).toBeGreaterThan(0)
    expect(echo.visits).toBe(1)
    lift()
    expect(await roundTrip(await call(), 'z')).toBeGreaterThan(0)
  })

  it('slow close: the end comes late, bytes do not', async () => {
    const { echo, proxy, call } = await echoBehindProxy()
    proxy.apply(slowClose({ ms: 80, direction: 'up' }))
    const caller = await call()
    await roundTrip(caller, 'x')
    const start = performance.now()
    caller.socket.end('y')
    await caller.heard(2)
    await (
      await echo.guest(0)
    ).over
    expect(performance.now() - start).toBeGreaterThanOrEqual(79)
  })

  it('limit data: so many bytes pass, then it breaks', async () => {
    const { echo, proxy, call } = await echoBehindProxy()
    const lift = proxy.apply(limitData({ bytes: 10, direction: 'up' }))
    const talkative = await call()
    talkative.say('0123456789abc')
    expect(await talkative.over).toBe('ECONNRESET')
    const guest = await echo.guest(0)
    await guest.heard(10)
    expect(guest.text).toBe('0123456789')
    lift()
    proxy.apply(limitData({ bytes: 0, direction: 'down' }))
    const unanswered = await call()
    unanswered.say('request')
    expect(await unanswered.over).toBe('ECONNRESET')
    const server = await echo.guest(1)
    expect(await server.over).toBe('end')
    expect([unanswered.text, server.text]).toEqual(['', 'request'])
  })
})

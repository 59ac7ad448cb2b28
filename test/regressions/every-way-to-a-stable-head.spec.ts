import { createServer, request as send, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isTerminal, type RunState, type StreamFrame, type Ticket } from '#libs/contracts'
import type { Subscription } from '#libs/messaging'
import { verifyHead } from '#libs/signing'
import { RecordingBus, startRotatingSystem, type RotatingSystem } from '../support/rotating-system.js'

const WATCHED = { share: 10_000, observeMs: 1_000, bakeMs: 60_000 }
const ROSTERS = 'hms.roster.v1'
const REFUSED = {
  id: 'pm25',
  version: '2.0.0',
  refused: '1.0.0',
  code: 'HMS_ROLLOUT_HEAD_REFUSED',
  detail: expect.stringMatching(/^HMS_HEAD_NOT_APPROVED: .*lacks approval by official/) as string,
}

let rotating: RotatingSystem

const stable = async (id: string) =>
  (await rotating.press.api.get<StreamFrame>('/v1/snapshot')).documents.find((each) => each.id === id && each.scope === 'global')!
const reaches = (run: number, state: RunState) => rotating.press.reaches(run, state, 3_600_000)

/** Readers take what the store serves, by the newest roster. */
async function isReadable(id: string): Promise<boolean> {
  try {
    return verifyHead(await stable(id), rotating.roster()).release !== null
  } catch {
    return false
  }
}

/** Two bots complain, and no scenario explains it. */
async function alarm(run: number): Promise<void> {
  for (const bot of ['bot-1', 'bot-2']) {
    const reading = { id: bot, at: '2026-01-01T00:00:00Z', region: 'NCR', pm25: 5 }
    await rotating.press.api.post('/v1/alerts', { id: `${run}-${bot}`, bot, region: 'NCR', kind: 'Violation', value: 5, reading })
  }
}

const abort = (run: number) => rotating.press.decide(run, 'abort', 'EPA Counsel', 'drill')

describe('a run that ends where readers refuse what was in force before it', () => {
  let bus: RecordingBus
  beforeEach(async () => {
    bus = new RecordingBus()
    rotating = await startRotatingSystem(bus)
    await rotating.live(['pm25@1.0.0=35'])
  })
  afterEach(() => rotating.system.stop())

  it.each<[string, () => Promise<number>, (run: number) => Promise<unknown>, RunState]>([
    ['fails in its bake', ordinary, alarm, 'FAILED'],
    ['is aborted in its bake', ordinary, abort, 'ABORTED'],
    ['is break-glass and aborted in its bake', breakGlass, abort, 'ABORTED'],
  ])('and %s leaves its own in force, and waits for people', async (_how, begin, end, state) => {
    const run = await begin()
    await reaches(run, 'BAKING')
    await rotating.rotate(rotating.revoke('EPA Chief'), ['pm25'])
    const { seq } = await stable('pm25')
    await end(run)
    await reaches(run, state)
    await rotating.system.settle()
    expect([await rotating.press.limit('pm25'), await isReadable('pm25'), (await stable('pm25')).seq]).toEqual([25, true, seq])
    expect(bus.count('hms.rollout.reversed.v1')).toBe(0)
    const kept = { id: 'pm25', version: '2.0.0', refused: '1.0.0', code: 'HMS_HEAD_NOT_APPROVED' }
    expect(await rotating.press.show(run)).toMatchObject({ state, kept: [kept] })
    const [ticket] = (await rotating.press.api.get<Ticket[]>('/v1/tickets?state=OPEN')).filter(({ kind }) => kind === 'EMERGENCY_REVIEW')
    expect(ticket).toMatchObject({
      run,
      reason: 'FALLBACK_REFUSED',
      detail: expect.stringContaining('pm25@2.0.0 stays in force') as string,
    })
    // It may be approved again, and what follows it goes its way.
    await rotating.live(['pm25@3.0.0=20'], { signer: 'EPA Counsel' })
    expect(await rotating.press.limit('pm25')).toBe(20)
  })

  function ordinary(): Promise<number> {
    return rotating.press.approve(['pm25@2.0.0=25'], WATCHED, { signer: 'EPA Counsel' })
  }

  function breakGlass(): Promise<number> {
    return rotating.press.breakGlass(['pm25@2.0.0=25'], ['EPA Counsel', 'Air Office'])
  }
})

/** What it holds comes to rollout later than to all others. */
class HoldingBus extends RecordingBus {
  private readonly held = new Map<string, (() => Promise<void>)[]>()

  override subscribe(subscription: Subscription): Promise<void> {
    if (!subscription.group.includes('rollout')) return super.subscribe(subscription)
    const { handle } = subscription
    return super.subscribe({
      ...subscription,
      handle: async (record) => {
        const waiting = this.held.get(record.topic)
        if (waiting === undefined) return handle(record)
        waiting.push(() => handle(record))
      },
    })
  }

  hold(topic: string): void {
    this.held.set(topic, [])
  }

  async release(topic: string): Promise<void> {
    const waiting = this.held.get(topic)!
    this.held.delete(topic)
    for (const handle of waiting) await handle()
    await rotating.system.settle()
  }
}

describe('a head that the config-store refuses by a newer roster', () => {
  let bus: HoldingBus
  let store: Server
  beforeEach(async () => {
    bus = new HoldingBus()
    store = createServer((incoming, outgoing) => {
      const { method, url, headers } = incoming
      const onward = send(`${rotating.system.url}${url}`, { method: method!, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(outgoing)
      })
      incoming.pipe(onward)
    })
    await new Promise<void>((ready) => store.listen(0, '127.0.0.1', ready))
    const url = `http://127.0.0.1:${(store.address() as AddressInfo).port}`
    rotating = await startRotatingSystem(bus, [url], { HMS_ROLLOUT_PUBLISH_TIMEOUT: '30s' })
    await rotating.live(['pm25@1.0.0=35'])
  })
  afterEach(async () => {
    await rotating.system.stop()
    store.closeAllConnections()
    store.close()
  })

  it.each<[string, (rotate: () => Promise<void>) => Promise<number | undefined>, object]>([
    ['a rollback', rollback, {}],
    ['a rollback that people signed', signedRollback, { state: 'FAILED', reason: 'HEAD_REFUSED' }],
    ['the advance of a run', advance, { state: 'ROLLED_BACK', reason: 'PUBLISH_TIMEOUT' }],
    ['the advance of break-glass', breakGlass, { state: 'ROLLED_BACK', reason: 'PUBLISH_TIMEOUT' }],
    ['a run that is aborted', aborted, { state: 'ABORTED', kept: [REFUSED] }],
    ['a run that fails', failed, { state: 'FAILED', kept: [REFUSED] }],
  ])('of %s is reverted by a higher one, and no event announces it', async (_what, move, ended) => {
    let before: { seq: number; reversed: number; promoted: number } | undefined
    const counts = () => ({ reversed: bus.count('hms.rollout.reversed.v1'), promoted: bus.count('hms.rollout.promoted.v1') })
    const run = await move(async () => {
      before = { seq: (await stable('pm25')).seq, ...counts() }
      bus.hold(ROSTERS)
      await rotating.rotate(rotating.revoke('EPA Chief'), ['pm25'])
    })
    await rotating.system.settle()
    await bus.release(ROSTERS)
    const { seq, ...announced } = before!
    await rotating.system.runUntil(async () => (await stable('pm25')).seq > seq, 900_000)
    if (run !== undefined) {
      await rotating.system.runUntil(async () => isTerminal((await rotating.press.show(run)).state), 900_000)
      expect(await rotating.press.show(run)).toMatchObject(ended)
    }
    expect(counts()).toEqual(announced)
    expect([await isReadable('pm25'), (await stable('pm25')).version]).toEqual([true, '2.0.0'])
    // What follows goes its way.
    await rotating.live(['pm25@4.0.0=20'], { signer: 'EPA Counsel' })
    expect(await rotating.press.limit('pm25')).toBe(20)
  })

  const live2 = () => rotating.live(['pm25@2.0.0=25'], { signer: 'EPA Counsel' })

  async function rollback(rotate: () => Promise<void>): Promise<undefined> {
    await live2()
    await rotate()
    await expect(rotating.press.api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' })).rejects.toMatchObject({
      code: 'HMS_ROLLOUT_HEAD_REFUSED',
      status: 409,
    })
  }

  /** Comes to rollout by `topic`, signed before the key was revoked. */
  async function comesLate(topic: string, begin: () => Promise<number>, rotate: () => Promise<void>): Promise<number> {
    await live2()
    bus.hold(topic)
    const run = await begin()
    await rotating.press.passes(10_000)
    await rotate()
    await bus.release(topic)
    return run
  }

  async function signedRollback(rotate: () => Promise<void>): Promise<number> {
    return comesLate('hms.approval.v1', async () => (await rotating.press.signRollback('pm25', '1.0.0')).run!, rotate)
  }

  function advance(rotate: () => Promise<void>): Promise<number> {
    return comesLate('hms.canary.v1', () => rotating.press.approve(['pm25@3.0.0=20'], WATCHED), rotate)
  }

  function breakGlass(rotate: () => Promise<void>): Promise<number> {
    return comesLate('hms.lint.v1', () => rotating.press.breakGlass(['pm25@3.0.0=20']), rotate)
  }

  async function bakes(rotate: () => Promise<void>): Promise<number> {
    const run = await rotating.press.approve(['pm25@2.0.0=25'], WATCHED, { signer: 'EPA Counsel' })
    await reaches(run, 'BAKING')
    await rotate()
    return run
  }

  async function aborted(rotate: () => Promise<void>): Promise<number> {
    const run = await bakes(rotate)
    await abort(run)
    return run
  }

  async function failed(rotate: () => Promise<void>): Promise<number> {
    const run = await bakes(rotate)
    await alarm(run)
    await rotating.system.settle()
    return run
  }
})

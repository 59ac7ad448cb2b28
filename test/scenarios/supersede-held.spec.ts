import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { signApproval, submitApproval } from '#libs/client'
import type { PreparedApproval, StreamFrame } from '#libs/contracts'
import { openConnection } from '../../libs/client/src/connection/connect.js'
import type { ReaderSession } from '../../libs/client/src/connection/reader-session.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0, share: 10_000 }
const LATER_MS = 60_000
const APART_MS = 10_000
const NEWER = { supersede: true }

describe('a newer release that supersedes what readers hold until its time', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let bot: ReaderSession
  let at: number
  const seen: string[] = []

  beforeEach(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
    await ends(await press.approve(['pm25@1.0.0=35'], AT_ONCE))
    at = system.clock.now().getTime() + LATER_MS
    const now = (): number => system.clock.now().getTime()
    const clock = { now, elapsed: now, after: (ms: number, task: () => void) => ({ cancel: system.clock.after(ms, task) }) }
    const roster = Buffer.from(JSON.stringify(system.roster.envelope))
    bot = await openConnection({ url: system.url, bot: 'bot-1', region: 'NCR', roster }, { clock })
    seen.length = 0
    bot.on('change', ({ id, to }) => seen.push(`${id} ${to}`))
    bot.on('error', (error) => seen.push(error.message))
  })

  afterEach(async () => {
    await bot.close()
    await system.stop()
  })

  it.each([
    ['at once', undefined],
    ['after it', APART_MS],
  ])(
    'and takes effect %s: takes it back from all, follows what is in force, and shows its signers the difference to that',
    async (_, inMs) => {
      const older = await held(['pm25@2.0.0=25'])
      const options = { ...NEWER, ...(inMs === undefined ? {} : { effective: time(inMs) }) }
      const { releases } = await press.prepare(['pm25@3.0.0=20'], AT_ONCE, options)
      // Signers compare with this version; the difference is computed by their own program.
      expect(releases).toMatchObject([{ live: '1.0.0' }])
      const newer = await press.approve(['pm25@3.0.0=20'], AT_ONCE, options)
      await press.reaches(older, 'SUPERSEDED')
      expect(await press.show(older)).toMatchObject({
        reason: 'NEWER_RELEASE',
        supersededBy: newer,
        decisions: [{ decision: 'supersede', by: `run #${newer}`, outcome: 'applied', successor: newer }],
      })
      await ends(newer)
      await allTimesPass()
      expect([bot.get('pm25')['limit'], await press.limit('pm25'), seen]).toEqual([20, 20, ['pm25 3.0.0']])
      expect(await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' })).toMatchObject({ from: '3.0.0' })
    },
  )

  it('leaves it held until the last of its own signatures', async () => {
    const older = await held(['pm25@2.0.0=25'])
    const options = { effective: time(APART_MS), tags: ['critical'] }
    const newer = await press.approve(['pm25@3.0.0=20'], AT_ONCE, { ...options, ...NEWER })
    await system.settle()
    expect([(await press.show(older)).state, (await press.show(newer)).state]).toEqual(['WAITING', 'AWAITING_APPROVAL'])
    await press.approve(['pm25@3.0.0=20'], {}, { ...options, signer: 'EPA Counsel' })
    await press.reaches(older, 'SUPERSEDED')
    await ends(newer)
    expect(seen).toEqual(['pm25 3.0.0'])
  })

  it('withdraws nothing whose time came before the last signature, and is stale itself', async () => {
    const older = await held(['pm25@2.0.0=25'], { ...AT_ONCE, bakeMs: APART_MS })
    const prepared = await press.prepare(['pm25@3.0.0=20'], AT_ONCE, NEWER)
    await press.reaches(older, 'BAKING')
    const newer = await sign(prepared)
    await ends(older)
    await press.whenState(newer, 'STALE')
    expect([(await press.show(older)).decisions, seen]).toEqual([[], ['pm25 2.0.0']])
  })

  it('withdraws a whole bundle, of which it contains a part, while none of it is in force', async () => {
    const older = await held([`ozone@1.0.0=70 from ${time(0)}`, `pm25@2.0.0=25 from ${time(APART_MS)}`])
    const newer = await press.approve(['pm25@3.0.0=20'], AT_ONCE, NEWER)
    await press.reaches(older, 'SUPERSEDED')
    await ends(newer)
    await allTimesPass()
    expect([bot.ids(), seen]).toEqual([['pm25'], ['pm25 3.0.0']])
  })

  it('follows a bundle of which another policy is in force already', async () => {
    const older = await held([`ozone@1.0.0=70 from ${time(0)}`, `pm25@2.0.0=25 from ${time(APART_MS)}`])
    const early = await press.prepare(['pm25@2.5.0=22'], AT_ONCE, NEWER)
    system.clock.advanceTo(at)
    expect([(await press.show(older)).state, bot.get('ozone')['limit'], bot.get('pm25')['limit']]).toEqual(['WAITING', 70, 35])
    const newer = await press.approve(['pm25@3.0.0=20'], AT_ONCE, NEWER)
    const stale = await sign(early)
    await ends(newer)
    await press.whenState(stale, 'STALE')
    expect(await press.show(older)).toMatchObject({ state: 'SUCCEEDED', decisions: [] })
    expect(seen).toEqual(['ozone 1.0.0', 'pm25 2.0.0', 'pm25 3.0.0'])
  })

  describe('and a partner', () => {
    const told: string[] = []
    let receiver: Server

    beforeEach(async () => {
      told.length = 0
      receiver = createServer(async (request, response) => {
        const chunks: Buffer[] = []
        for await (const chunk of request) chunks.push(chunk as Buffer)
        const { data } = JSON.parse(Buffer.concat(chunks).toString()) as { data: { id: string; version: string } }
        told.push(`${data.id} ${data.version}`)
        response.writeHead(204).end()
      }).listen(0, '127.0.0.1')
      await once(receiver, 'listening')
      const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
      const webhook = { url, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }
      await press.api.post('/v1/partners', { id: 'va-deq', name: 'Virginia', channels: [{ webhook }], networks: ['127.0.0.1/32'] })
    })

    afterEach(() => {
      receiver.close()
      receiver.closeAllConnections()
    })

    it('that was notified ahead is notified of what stays in force, then of the newer one', async () => {
      await held(['pm25@2.0.0=25'])
      await system.runUntil(async () => told.length === 1, LATER_MS / 2)
      await press.approve(['pm25@3.0.0=20'], AT_ONCE, { ...NEWER, effective: time(APART_MS) })
      await system.runUntil(async () => told.length === 3, LATER_MS / 2)
      expect(told).toEqual(['pm25 2.0.0', 'pm25 1.0.0', 'pm25 3.0.0'])
    })
  })

  function time(afterMs: number): string {
    return new Date(at + afterMs).toISOString()
  }

  function allTimesPass(): Promise<void> {
    return press.passes(at + 2 * APART_MS - system.clock.now().getTime())
  }

  async function sign(prepared: PreparedApproval): Promise<number> {
    return (await submitApproval(press.api, prepared, await signApproval(prepared, system.signers.get('EPA Chief')!))).run!
  }

  /** Approves, and moves time until all readers hold it. */
  async function held(policies: string[], plan = AT_ONCE): Promise<number> {
    const run = await press.approve(policies, plan, { effective: time(0) })
    await press.reaches(run, 'WAITING')
    expect(await press.show(run)).toMatchObject({ reason: 'EFFECTIVE_AT' })
    await system.settle()
    const { documents } = await press.api.get<StreamFrame>('/v1/snapshot')
    expect(documents.filter(({ scope, next }) => scope === 'global' && next !== undefined)).toHaveLength(policies.length)
    return run
  }

  async function ends(run: number): Promise<void> {
    await press.reaches(run, 'SUCCEEDED', 10 * LATER_MS)
    await system.settle()
  }
})

import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { prepareApproval, signApproval, submitApproval } from '#libs/client'
import { peekPredicate, type GuardTrial, type PreparedApproval, type StreamFrame } from '#libs/contracts'
import { parsePolicy, type PolicyDocument } from '#libs/policy'
import type { ReleasePredicate } from '#libs/signing'
import { LateBus } from '../support/late-bus.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const AT_ONCE = { observeMs: 0, bakeMs: 0 }

let system: MemorySystem
let press: PipelineDriver
let bus: LateBus
let urls: string[]
const start = async (): Promise<void> => {
  bus = new LateBus()
  urls = []
  system = await startMemorySystem({}, bus, undefined, undefined, urls)
  press = new PipelineDriver(system)
  await live('pm25@1.0.0=35')
  await live('pm25@2.0.0=25')
  await rule()
  bus.keepFrom('approver')
  urls.push(system.url)
}
afterEach(() => system.stop())

async function live(policy: string): Promise<void> {
  await press.reaches(await press.approve([policy], AT_ONCE), 'SUCCEEDED')
}

/** Puts a guard rule into force: a limit of the air falls by at most a third. */
async function rule(): Promise<void> {
  const guard = {
    kind: 'cel',
    rule: 'previous == null || double(next.limit) >= double(previous.limit) / 1.5',
    message: 'A limit falls by at most a third.',
    severity: 'deny',
    tags: ['air'],
  }
  const text = JSON.stringify({ id: 'limit-step', version: '1.0.0', effective: '2024-09-01T00:00:00Z', tags: ['guard'], guard })
  const prepared = await prepareApproval(press.api, [policyIn(text)], AT_ONCE)
  await press.reaches(await sign(prepared), 'SUCCEEDED')
}

function policyIn(text: string): PolicyDocument {
  const parsed = parsePolicy(text, 'policy.yaml')
  if (!parsed.ok) throw new Error(parsed.findings[0]!.message)
  return parsed.source.policy
}

async function rollBack(): Promise<void> {
  await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' })
  await system.settle()
  expect(await press.limit('pm25')).toBe(35)
}

const sign = async (prepared: PreparedApproval): Promise<number> =>
  (await submitApproval(press.api, prepared, await signApproval(prepared, system.signers.get('EPA Chief')!))).run!
const previousOf = ({ releases }: PreparedApproval): string | undefined =>
  peekPredicate<ReleasePredicate>({ payload: releases[0]!.payload, payloadType: '', signatures: [] }).previous?.version
const refusal = (work: Promise<unknown>): Promise<{ code: string; status: number; detail: string }> =>
  work.then(
    () => expect.fail('it was accepted'),
    (error: { code: string; status: number; detail: string }) => error,
  )

/** With the broker down a rollback reaches config-store and readers, and not approver, which refused by what was live before. */
describe('an approval while approver has not received a rollback', () => {
  beforeEach(start)

  it.each([
    ['the version that was rolled back', 'pm25@2.0.0=25', 25],
    ['a version between', 'pm25@1.5.0=30', 30],
  ])('of %s follows what is in force, and runs once approver has received it', async (_what, policy, limit) => {
    await rollBack()
    const prepared = await press.prepare([policy], AT_ONCE)
    expect([prepared.releases[0]!.live, previousOf(prepared)]).toEqual(['1.0.0', '1.0.0'])
    const run = await sign(prepared)
    await system.settle()
    expect(await press.show(run)).toMatchObject({ state: 'QUEUED' })
    await bus.letHear('approver')
    await press.reaches(run, 'SUCCEEDED')
    expect(await press.limit('pm25')).toBe(limit)
  })

  it('is tried by the guard against what is in force', async () => {
    const policy = policyIn(JSON.stringify({ id: 'pm25', version: '3.0.0', effective: '2024-09-01T00:00:00Z', tags: ['air'], limit: 20 }))
    const trial = () => press.api.post<GuardTrial>('/v1/approvals/trial', { policies: [policy] })
    expect(await trial()).toMatchObject({ verdict: 'PASS' })
    await rollBack()
    expect(await trial()).toMatchObject({ verdict: 'FAIL', rule: 'limit-step@1.0.0' })
    urls.splice(0, urls.length, 'http://127.0.0.1:9')
    expect(await trial()).toMatchObject({ verdict: 'PASS' })
  })

  it('changes nothing of approver’s record: the rolled back version is quarantined when the rollback arrives', async () => {
    const bundle = await press.prepare(['pm25@3.0.0=20'], AT_ONCE)
    await rollBack()
    await press.prepare(['pm25@1.5.0=30'], AT_ONCE)
    expect(previousOf(await press.prepare(['pm25@3.0.0=20'], AT_ONCE))).toBe('2.0.0')
    await bus.letHear('approver')
    await system.settle()
    const again = await press.prepare(['pm25@2.0.0=25'], AT_ONCE)
    expect(again.releases[0]!.takenBack).toMatchObject({ run: null })
    expect(await press.show(await sign(bundle))).toMatchObject({ state: 'STALE', reason: 'LIVE_MOVED' })
  })

  it('is refused where the state of config-store requires it too: withdrawn, or not above what is in force', async () => {
    await rollBack()
    expect(await refusal(press.prepare(['pm25@1.0.0=35'], AT_ONCE))).toMatchObject({ code: 'HMS_APPROVER_ALREADY_LIVE' })
    await press.withdraw('pm25')
    await system.settle()
    const refused = await refusal(press.prepare(['pm25@2.0.0=25'], AT_ONCE))
    expect(refused).toMatchObject({ code: 'HMS_APPROVER_VERSION_NOT_HIGHER', status: 409, detail: expect.stringContaining('withdrawn') })
  })

  it('names the releases it was checked against where it cannot wait: break-glass, and a rollback that people sign', async () => {
    await rollBack()
    for (const work of [press.prepareBreakGlass(['pm25@2.0.0=25']), press.signRollback('pm25', '2.0.0')]) {
      const { code, detail } = await refusal(work)
      expect(code).toBe('HMS_APPROVER_ALREADY_LIVE')
      expect(detail).toContain('Checked against the releases that approver last received: config-store already has pm25 at 1.0.0.')
    }
  })

  it('does not wait for a head that only renews the release which approver has received', async () => {
    await bus.letHear('approver')
    await live('so2@1.0.0=75')
    await live('so2@2.0.0=70')
    const renewed = await press.approve(['pm25@3.0.0=24'], { observeMs: 0, bakeMs: 60_000 })
    await press.reaches(renewed, 'BAKING')
    await press.decide(renewed, 'pause')
    await press.whenState(renewed, 'PAUSED')
    await press.decide(renewed, 'resume')
    await press.reaches(renewed, 'SUCCEEDED')
    expect((await refusal(press.prepareBreakGlass(['pm25@3.0.0=24']))).detail).toBe('pm25@3.0.0 is live already.')
    bus.keepFrom('approver')
    await press.api.post('/v1/rollbacks', { policy: 'so2', version: '1.0.0' })
    await system.settle()
    const run = await sign(await press.prepare(['pm25@4.0.0=23', 'so2@2.0.0=70'], AT_ONCE))
    await bus.letHear('approver')
    await press.reaches(run, 'SUCCEEDED')
  })

  it('names the releases it was checked against, and since when, where no config-store could be read', async () => {
    await rollBack()
    const at = system.clock.now().toISOString().slice(0, 10)
    for (const url of [undefined, 'http://127.0.0.1:9']) {
      urls.splice(0, urls.length, ...(url === undefined ? [] : [url]))
      const { code, status, detail } = await refusal(press.prepare(['pm25@2.0.0=25'], AT_ONCE))
      expect([code, status]).toEqual(['HMS_APPROVER_ALREADY_LIVE', 409])
      const received = `\\(pm25 at 2\\.0\\.0, received ${at}T`
      expect(detail).toMatch(
        new RegExp(`^pm25@2\\.0\\.0 is live already\\. Checked against the releases that approver last received ${received}`),
      )
      expect(detail).toContain('no config-store could be read')
    }
  })

  describe('and another program responds in place of config-store', () => {
    let server: Server
    let answer: (frame: StreamFrame) => unknown
    beforeEach(async () => {
      await rollBack()
      server = createServer((request, response) => {
        void fetch(system.url + request.url!)
          .then(async (real) => response.end(JSON.stringify(answer((await real.json()) as StreamFrame))))
          .catch(() => response.destroy())
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      urls.splice(0, urls.length, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    })
    afterEach(() => {
      server.closeAllConnections()
      server.close()
    })

    it('believes no head that does not verify', async () => {
      answer = (frame) => ({
        ...frame,
        documents: frame.documents.map((document) => ({
          ...document,
          head: { ...document.head, signatures: [{ ...document.head.signatures[0]!, sig: Buffer.alloc(64).toString('base64') }] },
        })),
      })
      expect((await refusal(press.prepare(['pm25@1.5.0=30'], AT_ONCE))).detail).toContain('does not verify')
    })

    it('believes no head of another policy', async () => {
      await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '2.0.0' }).catch(() => {})
      answer = (frame) => ({ ...frame, documents: frame.documents.map((document) => ({ ...document, id: 'ozone' })) })
      const { code } = await refusal(press.prepare(['pm25@1.5.0=30'], AT_ONCE))
      expect(code).toBe('HMS_APPROVER_VERSION_NOT_HIGHER')
    })

    it('waits for no response longer than its deadline', async () => {
      server.removeAllListeners('request')
      const { code, detail } = await refusal(press.prepare(['pm25@1.5.0=30'], AT_ONCE))
      expect([code, detail]).toEqual(['HMS_APPROVER_VERSION_NOT_HIGHER', expect.stringContaining('timeout')])
    })

    it.each(['nothing', null, 5, { documents: 'x' }])('refuses as before when the response is %j', async (odd) => {
      answer = () => odd
      const { code, detail } = await refusal(press.prepare(['pm25@1.5.0=30'], AT_ONCE))
      expect([code, detail]).toEqual(['HMS_APPROVER_VERSION_NOT_HIGHER', expect.stringContaining('no config-store could be read')])
    })
  })
})

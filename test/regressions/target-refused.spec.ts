import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { peekPredicate, type FallbacksView, type StreamFrame } from '#libs/contracts'
import { verifyHead, type HeadPredicate, type ReleasePredicate, type Role, type Roster, type RosterPredicate } from '#libs/signing'
import type { MemorySystem } from '../support/memory-system.js'
import type { PipelineDriver } from '../support/pipeline-driver.js'
import { RecordingBus, startRotatingSystem, type RotatingSystem } from '../support/rotating-system.js'

let rotating: RotatingSystem
let system: MemorySystem
let press: PipelineDriver
let bus: RecordingBus

async function start(configStoreUrls: string[] = []): Promise<void> {
  bus = new RecordingBus()
  rotating = await startRotatingSystem(bus, configStoreUrls)
  ;({ system, press } = rotating)
}

const rosterNow = (): Roster => rotating.roster()
const count = (type: string): number => bus.count(type)
const rotate: RotatingSystem['rotate'] = (change, accept) => rotating.rotate(change, accept)
const revoke = (name: string) => rotating.revoke(name)
const later = (ms: number): string => rotating.later(ms)

async function live(policies: string[], signer = 'EPA Chief', tags?: string[]): Promise<void> {
  await rotating.live(policies, { signer, ...(tags && { tags }) })
}

const rollBack = (policy: string, version: string, only?: true) => press.api.post('/v1/rollbacks', { policy, version, only })
const stable = async (id: string) =>
  (await press.api.get<StreamFrame>('/v1/snapshot')).documents.find((document) => document.id === id && document.scope === 'global')!

describe('a rollback to what readers would refuse', () => {
  afterEach(() => system.stop())

  it('is refused before a head is signed, changes nothing, and may be signed as a release of its own', async () => {
    await start()
    await live(['pm25@1.5.0=35'])
    await live(['pm25@2.0.0=25'])
    await rotate(revoke('EPA Chief'), ['pm25'])
    await live(['pm25@2.1.0=26'], 'EPA Counsel')
    const { seq } = await stable('pm25')
    const refused = rollBack('pm25', '2.0.0')
    await expect(refused).rejects.toMatchObject({
      code: 'HMS_ROLLOUT_TARGET_REFUSED',
      status: 409,
      next: ['hms-svc rollback pm25@2.0.0 --sign NAME'],
      state: { version: '2.0.0', refusal: 'HMS_HEAD_NOT_APPROVED' },
    })
    await expect(rollBack('pm25', '1.5.0')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_TARGET_REFUSED' })
    await system.settle()
    expect([(await stable('pm25')).seq, await press.limit('pm25'), count('hms.rollout.reversed.v1')]).toEqual([seq, 26, 0])
    await press.signRollback('pm25', '2.0.0', 'EPA Counsel')
    await system.runUntil(async () => (await press.limit('pm25')) === 25, 300_000)
    expect(verifyHead(await stable('pm25'), rosterNow()).release!.approvedBy).toEqual(['EPA Counsel'])
    // Taken back again, to what readers take.
    await rollBack('pm25', '2.1.0')
    await system.settle()
    expect(await press.limit('pm25')).toBe(26)
  })

  it('is no roster that strands readers in silence', async () => {
    await start()
    await live(['pm25@2.0.0=25'])
    const stricter = ({ roles }: RosterPredicate): void => void roles.push(twoOf({ idPrefix: 'pm' }))
    const refused = { code: 'HMS_ROSTER_MAKES_UNREADABLE', status: 409, state: [{ id: 'pm25', version: '2.0.0' }] }
    await expect(rotate(stricter)).rejects.toMatchObject(refused)
    await expect(rotate(stricter, ['so2'])).rejects.toMatchObject(refused)
    const before = rosterNow().roles.filter(({ match }) => match.service === undefined && match.root !== true)
    const until = (end: string) => (next: RosterPredicate) => {
      next.earlierRoles = before.map((role) => ({ role, until: end }))
      stricter(next)
    }
    await expect(rotate(until('2026-01-01T00:00:00Z'))).rejects.toMatchObject(refused)
    expect(await rotate(until(later(1_000)))).toMatchObject({ state: 'CURRENT' })
    expect(verifyHead(await stable('pm25'), rosterNow()).release!.approvedBy).toEqual(['EPA Chief'])
    await expect(rotate((next) => void delete next.earlierRoles)).rejects.toMatchObject(refused)
    expect(await rotate((next) => void delete next.earlierRoles, ['pm25'])).toMatchObject({ state: 'CURRENT' })
  })

  it('is offered by no release, and reported before a person signs one', async () => {
    await start()
    await live(['pm25@1.5.0=35'], 'EPA Counsel')
    await live(['pm25@2.0.0=25'])
    await rotate(revoke('EPA Chief'), ['pm25'])
    expect(await press.api.get<FallbacksView>('/v1/approvals/fallbacks', { policy: 'pm25' })).toEqual({
      policy: 'pm25',
      fallbacks: ['1.5.0'],
      refused: [{ version: '2.0.0', reason: 'pm25@2.0.0 lacks approval by official' }],
    })
    const { releases } = await press.prepare(['pm25@2.1.0=24'])
    expect(releases[0]!.refusedFallbacks).toEqual([{ version: '2.0.0', reason: expect.stringContaining('lacks approval') as string }])
    const { fallbacks } = peekPredicate<ReleasePredicate>({ payload: releases[0]!.payload, payloadType: '', signatures: [] })
    expect(fallbacks.map(({ version }) => version)).toEqual(['1.5.0'])
    await expect(press.prepare(['pm25@2.2.0=24'], { fallbacks: ['pm25@2.0.0'] })).rejects.toMatchObject({
      code: 'HMS_APPROVER_FALLBACK_REFUSED',
      status: 409,
    })
    await expect(press.prepare(['pm25@2.2.0=24'], { fallbacks: ['so2@1.0.0'] })).rejects.toMatchObject({
      code: 'HMS_APPROVER_FALLBACK_UNKNOWN',
      status: 409,
    })
  })

  it('offers nothing that was prepared before the roster changed', async () => {
    await start()
    await live(['pm25@2.0.0=25'])
    const before = await press.prepare(['pm25@2.1.0=24'])
    await rotate(revoke('EPA Chief'), ['pm25'])
    const after = await press.prepare(['pm25@2.1.0=24'])
    expect(after.digest).not.toBe(before.digest)
  })

  it('offers nothing that was prepared before its plan left the bounds of the roster', async () => {
    await start()
    const prepare = () => press.prepare(['pm25@2.1.0=24'], { observeMs: 0 })
    await prepare()
    await rotate((next) => void (next.bounds = { minObserveMs: 1 }))
    await expect(prepare()).rejects.toMatchObject({ code: 'HMS_APPROVER_PLAN_BOUNDS', status: 422 })
  })

  it('is refused also where that is what is in force', async () => {
    await start()
    await live(['pm25@2.0.0=25'])
    await rotate(revoke('EPA Chief'), ['pm25'])
    await expect(rollBack('pm25', '2.0.0')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_TARGET_REFUSED', status: 409 })
    await press.signRollback('pm25', '2.0.0', 'EPA Counsel')
    await system.settle()
    const healed = () => verifyHead(document, rosterNow()).release?.approvedBy
    let document = await stable('pm25')
    await system.runUntil(async () => {
      document = await stable('pm25')
      try {
        return healed()?.includes('EPA Counsel') === true
      } catch {
        return false
      }
    }, 300_000)
    expect(await press.limit('pm25')).toBe(25)
  })

  it('leaves the ends of earlier canaries to readers, and raises no alarm for them', async () => {
    await start()
    await live(['pm25@1.0.0=35', 'so2@1.0.0=75'])
    await live(['pm25@2.0.0=25', 'so2@2.0.0=70'], 'EPA Counsel')
    await rotate(revoke('EPA Chief'))
    // Of a bundle that is refused as a whole the refusal names the policy that was asked for.
    await expect(rollBack('so2', '1.0.0')).rejects.toMatchObject({ next: ['hms-svc rollback so2@1.0.0 --sign NAME'] })
    const checkedAt = system.clock.now().getTime() + 130_000
    await system.runUntil(() => Promise.resolve(system.clock.now().getTime() > checkedAt), 300_000)
    const { documents } = await press.api.get<StreamFrame>('/v1/snapshot')
    for (const document of documents) verifyHead(document, rosterNow())
    expect(system.host.runtimes.get('config-store')!.concerns.all).toEqual([])
  })

  it('is refused for a bundle of which readers would refuse one', async () => {
    await start()
    await live(['pm25@1.0.0=35', 'so2@1.0.0=75'], 'EPA Counsel')
    await live(['so2@1.1.0=74'])
    await live(['pm25@2.0.0=25', 'so2@2.0.0=70'], 'EPA Counsel')
    await rotate(revoke('EPA Chief'))
    await expect(rollBack('pm25', '1.0.0')).rejects.toMatchObject({
      code: 'HMS_ROLLOUT_TARGET_REFUSED',
      next: ['hms-svc rollback so2@1.1.0 --sign NAME'],
    })
    await rollBack('pm25', '1.0.0', true)
    await system.settle()
    expect([await press.limit('pm25'), await press.limit('so2')]).toEqual([35, 70])
  })

  it.each<[string, (next: RosterPredicate) => void]>([
    ['a role for its tag', ({ roles }) => void roles.push(twoOf({ tag: 'air' }))],
    ['a role for its id', ({ roles }) => void roles.push(twoOf({ idPrefix: 'pm' }))],
    ['a higher threshold', ({ roles }) => void (roles.find(({ match }) => match.all)!.threshold = 2)],
    ['a role without its signer', ({ roles }) => void (roles.find(({ match }) => match.all)!.principals = ['epa-counsel', 'air-office'])],
    ['bounds that its plan violates', (next) => void (next.bounds = { minObserveMs: 1 })],
  ])('is refused after a roster with %s', async (_what, change) => {
    await start()
    await live(['pm25@1.0.0=35'], 'EPA Chief', ['air'])
    await live(['pm25@2.0.0=25'], 'EPA Chief', ['air'])
    await rotate(change, ['pm25'])
    await expect(rollBack('pm25', '1.0.0')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_TARGET_REFUSED', status: 409 })
  })
})

function twoOf(match: Role['match']): Role {
  return { name: 'two', principals: ['epa-counsel', 'air-office', 'state-liaison'], threshold: 2, match }
}

describe('a head that every config-store refuses', () => {
  let store: Server
  let status: number
  let code: string | undefined
  /** Done before the store responds to heads. */
  let meanwhile: () => Promise<void>
  let seen: number[]
  beforeEach(async () => {
    status = 200
    code = 'HMS_HEAD_NOT_APPROVED'
    meanwhile = () => Promise.resolve()
    seen = []
    store = createServer((request, response) => {
      const parts: Buffer[] = []
      request
        .on('data', (part: Buffer) => parts.push(part))
        .on('end', () => {
          if (request.url === '/v1/heads') {
            const { heads } = JSON.parse(Buffer.concat(parts).toString()) as {
              heads: { head: { payload: string; payloadType: string; signatures: [] } }[]
            }
            seen.push(
              ...heads
                .map(({ head }) => peekPredicate<HeadPredicate>(head))
                .filter(({ scope }) => scope === 'global')
                .map(({ seq }) => seq),
            )
          }
          const respond = () =>
            response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ revision: 1, code, detail: 'refused' }))
          void (request.url === '/v1/heads' ? meanwhile() : Promise.resolve()).then(respond)
        })
    })
    await new Promise<void>((ready) => store.listen(0, '127.0.0.1', ready))
    await start([`http://127.0.0.1:${(store.address() as AddressInfo).port}`])
    await live(['pm25@1.0.0=35'])
    await live(['pm25@2.0.0=25'])
  })
  afterEach(async () => {
    await system.stop()
    store.closeAllConnections()
    store.close()
  })

  it('is reverted by a higher one, and no event announces it', async () => {
    const { seq } = await stable('pm25')
    status = 422
    await expect(rollBack('pm25', '1.0.0')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_HEAD_REFUSED', status: 409 })
    await system.settle()
    expect(seen.slice(0, 1)).toEqual([seq + 1])
    expect(await stable('pm25')).toMatchObject({ seq: seq + 2, version: '2.0.0' })
    await system.runUntil(async () => system.clock.nextAt() === undefined || true, 60_000)
    expect(count('hms.rollout.reversed.v1')).toBe(0)
    // What was taken back goes when the stores take it.
    status = 200
    await rollBack('pm25', '1.0.0')
    await system.settle()
    expect([await press.limit('pm25'), count('hms.rollout.reversed.v1')]).toEqual([35, 1])
  })

  it('is no withdrawal', async () => {
    status = 422
    await expect(press.withdraw('pm25')).rejects.toMatchObject({ code: 'HMS_ROLLOUT_HEAD_REFUSED', status: 409 })
    await system.settle()
    expect([await press.limit('pm25'), count('hms.rollout.withdrawn.v1')]).toEqual([25, 0])
    status = 200
    expect(await press.withdraw('pm25', 'EPA Chief', 'again')).toMatchObject({ state: 'WITHDRAWN' })
    expect(count('hms.rollout.withdrawn.v1')).toBe(1)
  })

  it('commits nothing under its Idempotency-Key', async () => {
    status = 422
    const request = { policy: 'pm25', version: '1.0.0' }
    await expect(press.api.post('/v1/rollbacks', request, { idempotencyKey: 'key-1' })).rejects.toMatchObject({
      code: 'HMS_ROLLOUT_HEAD_REFUSED',
    })
    status = 200
    await system.settle()
    await rollBack('pm25', '1.0.0')
    await system.settle()
    expect(await press.limit('pm25')).toBe(35)
  })

  it.each([
    ['a store is only down', 503, 'HMS_HEAD_NOT_APPROVED'],
    ['a proxy refuses the request', 403, undefined],
    ['another program listens', 404, 'HMS_HTTP_NOT_FOUND'],
  ])('stays where %s, and is announced', async (_what, responds, problem) => {
    ;[status, code] = [responds, problem]
    expect(await rollBack('pm25', '1.0.0')).toMatchObject({ revision: 0, version: '1.0.0' })
    await system.settle()
    expect([await press.limit('pm25'), count('hms.rollout.reversed.v1')]).toEqual([35, 1])
  })
})

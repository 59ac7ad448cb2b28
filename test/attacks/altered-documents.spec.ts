import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Pool } from 'pg'
import { signedBy } from '#libs/client'
import {
  NOT_BY_CALLER,
  type HeadReceipt,
  type HmsError,
  type OfrepBulk,
  type OfrepFailure,
  type PolicyView,
  type Problem,
  type RestoredDocument,
  type SignedHead,
  type StreamFrame,
} from '#libs/contracts'
import { POLICY, startInstance, type HeadOptions, type StoreHarness } from '../../apps/config-store/src/testing/store-harness.suite.js'
import { testIdentity, type TestIdentity } from '../support/identity.js'
import { LooseApi } from '../support/loose-api.js'
import { freshDatabase, testPool } from '../support/postgres.js'

const OTHER = 'ozone-limit'
const PLACE = `${POLICY}@global`
type Row = Record<string, unknown> & { head: { payload: string }; release: { payload: string } }

let database: Awaited<ReturnType<typeof freshDatabase>>
let owner: Pool
let identity: TestIdentity
let harness: StoreHarness | undefined
beforeAll(async () => {
  identity = await testIdentity()
})
beforeEach(async () => {
  database = await freshDatabase()
  owner = testPool(database.url)
  await start()
  await store({})
  await store({ policy: OTHER })
  return async () => {
    await harness?.stop()
    harness = undefined
    await owner.end()
    await database.drop()
  }
})

async function start(): Promise<void> {
  harness = await startInstance(database.url, identity)
}
async function restart(): Promise<void> {
  await harness?.stop()
  await start()
}
/** Answers once this instance's copy has the revision: a copy follows the database by its notifications. */
const put = async (head: SignedHead): Promise<HeadReceipt> => {
  const receipt = await harness!.stored(head)
  await fetch(`${harness!.url}/v1/policies`, { headers: { 'if-revision-at-least': String(receipt.revision) } })
  return receipt
}
const store = async (options: HeadOptions): Promise<HeadReceipt> => put(await harness!.head(options))
const rowOf = async (place = PLACE): Promise<Row> =>
  (await owner.query<{ doc: Row }>('SELECT doc FROM config_store.document WHERE id = $1', [place])).rows[0]!.doc
const write = async (row: object, place = PLACE): Promise<void> => {
  await owner.query('UPDATE config_store.document SET doc = $2 WHERE id = $1', [place, JSON.stringify(row)])
}
const alter = (change: (row: Row) => object) => async (): Promise<void> => write(change(await rowOf()))
const inPayload = <T extends { payload: string }>(envelope: T, from: string | RegExp, to: string): T => ({
  ...envelope,
  payload: Buffer.from(Buffer.from(envelope.payload, 'base64').toString().replace(from, to)).toString('base64'),
})
const get = async <T>(path: string): Promise<{ status: number; body: T; headers: Headers }> => {
  const response = await fetch(`${harness!.url}${path}`)
  return { status: response.status, body: (await response.json()) as T, headers: response.headers }
}
const evaluate = async <T>(key?: string): Promise<{ status: number; body: T; headers: Headers }> => {
  const response = await fetch(`${harness!.url}/ofrep/v1/evaluate/flags${key === undefined ? '' : `/${key}`}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ context: { targetingKey: 'x' } }),
  })
  return { status: response.status, body: (await response.json()) as T, headers: response.headers }
}
const concerns = async (): Promise<string[]> => {
  const { body } = await get<{ status: string; services: { concerns?: string[] }[] }>('/readyz')
  return body.services.flatMap(({ concerns: said }) => said ?? [])
}

/** What no read, list, evaluation or frame shows; the other policy is served as before. */
async function expectLeftOut(): Promise<void> {
  const one = await get<Problem>(`/v1/policies/${POLICY}`)
  expect([one.status, one.body.code]).toEqual([503, 'HMS_STORE_UNVERIFIED'])
  expect(one.body.next.map(({ command }) => command)).toContain(`hms-svc policies restore ${POLICY}`)
  const list = await get<PolicyView[]>('/v1/policies')
  expect(list.body.map(({ id }) => id)).toEqual([OTHER])
  expect(list.headers.get('hms-unverified')).toBe(PLACE)
  const { body: frame } = await get<StreamFrame>('/v1/snapshot')
  expect([frame.documents.map(({ id }) => id), frame.unverified]).toEqual([[OTHER], [PLACE]])
  const flag = await evaluate<OfrepFailure>(`${POLICY}.limit`)
  expect([flag.status, flag.body.errorCode, flag.body.metadata.code]).toEqual([503, 'GENERAL', 'HMS_STORE_UNVERIFIED'])
  const flags = await evaluate<OfrepBulk>()
  expect(new Set(flags.body.flags.map(({ key }) => key.split('.')[0]))).toEqual(new Set([OTHER]))
  expect(flags.headers.get('hms-unverified')).toBe(PLACE)
  expect(await concerns()).toEqual([expect.stringContaining(PLACE)])
  const metrics = await (await fetch(`${harness!.url}/metrics`)).text()
  expect(metrics).toMatch(/^hms_svc_documents_unverified\S* 1$/m)
}

describe('a stored document that its owner altered', () => {
  it.each<[string, (row: Row) => object]>([
    ['another value in the release', (row) => ({ ...row, release: inPayload(row.release, '"limit":25', '"limit":9999') })],
    ['another head', (row) => ({ ...row, head: inPayload(row.head, /"seq":\d+/, '"seq":77') })],
    ['another number', (row) => ({ ...row, seq: 99 })],
    ['another digest', (row) => ({ ...row, digest: `sha256:${'0'.repeat(64)}` })],
    ['another version', (row) => ({ ...row, version: '9.9.9' })],
    ['another run', (row) => ({ ...row, run: 4711 })],
    ['no release', (row) => ({ ...row, release: null })],
    ['no head', (row) => ({ ...row, head: null })],
    ['a head without signatures', (row) => ({ ...row, head: { ...row.head, signatures: [] } })],
    ['a revision of a time to come', (row) => ({ ...row, revision: 1_000_000 })],
  ])('is not served: %s', async (_what, change) => {
    await alter(change)()
    await restart()
    await expectLeftOut()
  })

  it('is not served as another place, nor in place of another policy', async () => {
    await write({ ...(await rowOf()), id: OTHER }, PLACE)
    await restart()
    const { body } = await get<PolicyView>(`/v1/policies/${OTHER}`)
    expect(body.value).toMatchObject({ id: OTHER, limit: 25 })
    expect((await get(`/v1/policies/${POLICY}`)).status).not.toBe(200)
    expect(await concerns()).toEqual([expect.stringContaining(OTHER)])
  })

  it('names the actual signers and author, whatever the row contains', async () => {
    await alter((row) => ({ ...row, approvedBy: ['Mallory'], author: 'Mallory', soleOfficial: true }))()
    await restart()
    const { body } = await get<PolicyView>(`/v1/policies/${POLICY}`)
    expect(body.provenance).toMatchObject({ approvedBy: ['EPA Chief'], author: 'Air Office' })
    expect(body.provenance.soleOfficial).toBeUndefined()
  })

  it('cannot be hidden as a canary that has ended', async () => {
    await alter((row) => ({ ...row, ended: true }))()
    await restart()
    expect((await get(`/v1/policies/${POLICY}`)).status).toBe(200)
  })

  it('has no held release that its head does not name', async () => {
    const { release } = await rowOf()
    await alter((row) => ({ ...row, next: { release, proof: null }, nextOrigin: { approvedBy: ['Mallory'], author: null } }))()
    await restart()
    const { body } = await get<StreamFrame>('/v1/snapshot')
    expect(body.documents.find(({ id }) => id === POLICY)).not.toHaveProperty('next')
  })

  it('is not believed when an earlier head of the place is put back', async () => {
    const before = await rowOf()
    await store({ seq: 2, version: '2.0.0' })
    await write({ ...before, revision: (await rowOf())['revision'] })
    await restart()
    await expectLeftOut()
  })

  it('is not believed in a running process when an earlier head follows an unreadable row', async () => {
    const before = await rowOf()
    await store({ seq: 2, version: '2.0.0' })
    await write({ ...(await rowOf()), head: null, revision: 1_000_000 })
    await owner.query('UPDATE config_store.document SET revision = 1000000 WHERE id = $1', [PLACE])
    await store({ policy: OTHER, seq: 2, version: '2.0.0' })
    await expectLeftOut()
    await write(before)
    await store({ policy: OTHER, seq: 3, version: '3.0.0' })
    await expectLeftOut()
  })

  it('is served again after its next head', async () => {
    await alter((row) => ({ ...row, release: inPayload(row.release, '"limit":25', '"limit":9999') }))()
    await restart()
    await expectLeftOut()
    await store({ seq: 2, version: '2.0.0' })
    const { body, headers } = await get<PolicyView>(`/v1/policies/${POLICY}`)
    expect([body.version, headers.get('hms-unverified')]).toEqual(['2.0.0', null])
    // One response of `/readyz` is shared for a second.
    await expect.poll(concerns, { timeout: 5_000 }).toEqual([])
  })

  it('gives way to the same head, and to no earlier one', async () => {
    const [first, second] = [await harness!.head({}), await harness!.head({ seq: 2, version: '2.0.0' })]
    await put(second)
    await alter((row) => ({ ...row, seq: 99 }))()
    await restart()
    expect(await put(first)).toMatchObject({ applied: false })
    expect(await put(second)).toMatchObject({ applied: true })
    expect((await get<PolicyView>(`/v1/policies/${POLICY}`)).body.version).toBe('2.0.0')
  })
})

describe('hms-svc policies restore', () => {
  const restore = async (request: object = {}): Promise<{ status: number; body: RestoredDocument[] & Problem }> => {
    const record = await identityOf()
      .post<RestoredDocument[]>(`/v1/policies/${POLICY}/restore`, request)
      .then(
        (body) => ({ status: 200, body }),
        (error: HmsError) => ({ status: error.status, body: { code: error.code } }),
      )
    return record as { status: number; body: RestoredDocument[] & Problem }
  }
  const identityOf = (): LooseApi =>
    new LooseApi({ url: harness!.url, authorize: signedBy(identity.operator, identity.roster.installation, () => new Date()) })

  it('restores from the topic what was signed, under a new revision', async () => {
    await alter((row) => ({ ...row, release: inPayload(row.release, '"limit":25', '"limit":9999') }))()
    expect((await restore()).body).toEqual([{ place: PLACE, seq: 1, from: 'topic' }])
    const { body, headers } = await get<PolicyView>(`/v1/policies/${POLICY}`)
    expect([body.value['limit'], body.revision, headers.get('hms-unverified'), await concerns()]).toEqual([25, 3, null, []])
  })

  it('records again what differs in the topic, with a reason or without', async () => {
    expect((await restore({})).status).toBe(200)
    expect((await restore({ reason: ' '.repeat(1_001) })).status).toBe(400)
    expect((await restore({ reason: 'drill' })).body).toEqual([{ place: PLACE, seq: 1, from: 'database' }])
  })

  it('puts the newest head in place of an earlier one', async () => {
    const before = await rowOf()
    await store({ seq: 2, version: '2.0.0' })
    await write({ ...before, revision: (await rowOf())['revision'] })
    expect((await restore()).body).toEqual([{ place: PLACE, seq: 2, from: 'topic' }])
    expect((await get<PolicyView>(`/v1/policies/${POLICY}`)).body.version).toBe('2.0.0')
  })

  it('publishes nothing that does not verify', async () => {
    await alter((row) => ({ ...row, release: inPayload(row.release, '"limit":25', '"limit":9999') }))()
    // Its bus is a new one, and holds nothing.
    await restart()
    const { status, body } = await restore()
    expect([status, body.code]).toEqual([409, 'HMS_STORE_NOT_RESTORABLE'])
  })
})

it('every value over HTTP is marked as not verified by its caller', async () => {
  for (const path of [`/v1/policies/${POLICY}`, '/v1/policies', `/v1/policies/${POLICY}?version=1.0.0`]) {
    const { headers, body } = await get<PolicyView | PolicyView[]>(path)
    expect([headers.get('hms-verification'), [body].flat()[0]!.verification]).toEqual([NOT_BY_CALLER, NOT_BY_CALLER])
  }
  const { headers, body } = await evaluate<{ metadata: object }>(`${POLICY}.limit`)
  expect([headers.get('hms-verification'), body.metadata]).toEqual([
    NOT_BY_CALLER,
    expect.objectContaining({ verification: NOT_BY_CALLER }),
  ])
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prepareApproval, signApproval, signedBy } from '#libs/client'
import type { ApprovalView, IssuedToken } from '#libs/contracts'
import { MemoryBus } from '#libs/messaging/testing'
import { Metrics, silentLogger, systemClock } from '#libs/platform'
import { Host, migrateService, openPostgresService, TOKENS } from '#libs/service'
import { testIdentity, type TestIdentity } from '../support/identity.js'
import { LooseApi } from '../support/loose-api.js'
import { freshDatabase } from '../support/postgres.js'

interface Instance {
  url: string
  host: Host
}

/** What a table shared by instances has to settle, and no process can by itself. */
describe('a POST with one Idempotency-Key at two instances at once', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>
  let identity: TestIdentity
  let instances: Instance[] = []
  beforeAll(async () => {
    database = await freshDatabase()
    identity = await testIdentity()
    instances = [await startApprover(), await startApprover()]
  })
  afterAll(async () => {
    for (const { host } of instances) await host.stop()
    await database.drop()
  })

  it.each(['first', 'second', 'third'])('has one effect and one response (%s try)', async (name) => {
    const before = await tokens()
    const same = { path: '/v1/tokens', body: { scopes: ['read'], name }, key: name }
    const answers = await everywhere(same, 3)
    expect(await tokens()).toBe(before + 1)
    const given = answers.filter(({ status }) => status === 201)
    expect(answers.filter(({ status }) => status !== 201).map(({ status, code }) => `${status} ${code}`)).toEqual(
      Array.from({ length: answers.length - given.length }, () => '409 HMS_HTTP_KEY_BUSY'),
    )
    expect(given.filter(({ replayed }) => !replayed)).toHaveLength(1)
    const again = await everywhere(same, 1)
    expect(again.map(({ status, replayed }) => [status, replayed])).toEqual([
      [201, true],
      [201, true],
    ])
    expect(new Set([...given, ...again].map(({ json }) => (json as IssuedToken).id)).size).toBe(1)
    expect(await tokens()).toBe(before + 1)
  })

  it('with two bodies is done for one of them alone', async () => {
    const before = await tokens()
    const bodies = instances.map((_, at) => ({ scopes: ['read'], name: `body ${at}` }))
    const answers = await Promise.all(instances.map((instance, at) => post(instance, '/v1/tokens', bodies[at], 'two bodies')))
    expect(answers.map(({ status, code }) => `${status} ${code ?? ''}`).toSorted()).toEqual(['201 ', '422 HMS_HTTP_KEY_REUSED'])
    expect(await tokens()).toBe(before + 1)
  })

  it('for an approval is never refused as busy, and opens one run', async () => {
    const [one] = instances
    const api = new LooseApi({ url: one!.url, timeoutMs: 20_000, authorize: signedBy(identity.operator, identity.roster.installation) })
    const policy = { id: 'lead', version: '1.0.0', effective: '2024-09-01T00:00:00Z', limit: 15 }
    const prepared = await prepareApproval(api, [policy], { observeMs: 0, bakeMs: 0 })
    const signatures = await signApproval(prepared, identity.people.get('EPA Chief')!)
    const same = { path: '/v1/approvals', body: { digest: prepared.digest, signatures }, key: 'approve' }
    const answers = [...(await everywhere(same, 3)), ...(await everywhere(same, 1))]
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202))
    const views = answers.map(({ json }) => json as ApprovalView)
    expect(new Set(views.map(({ run, digest }) => `${run} ${digest}`)).size).toBe(1)
    expect(await api.get<unknown[]>('/v1/runs')).toHaveLength(1)
  })

  async function startApprover(): Promise<Instance> {
    const host = await Host.create(['approver'], {
      profile: 'dev',
      environment: {},
      clock: systemClock,
      log: silentLogger,
      metrics: new Metrics(),
      roster: identity.roster,
      bus: new MemoryBus(),
      signerOf: async (service) => identity.serviceSigner(service),
      open: async (definition) => {
        await migrateService(definition, database.url)
        return openPostgresService(definition, { url: database.url, clock: systemClock, log: silentLogger, embedded: false, poolSize: 8 })
      },
      configStoreUrls: [],
      version: '0.0.0-test',
    })
    return { host, url: `http://127.0.0.1:${await host.start({ host: '127.0.0.1', port: 0 })}` }
  }

  /** So many times at each instance, all at the same time. */
  function everywhere({ path, body, key }: { path: string; body: unknown; key: string }, times: number) {
    const targets = instances.flatMap((instance) => Array.from({ length: times }, () => instance))
    return Promise.all(targets.map((instance) => post(instance, path, body, key)))
  }

  async function post({ url }: Instance, path: string, body: unknown, key: string) {
    const bytes = Buffer.from(JSON.stringify(body))
    const headers = {
      'content-type': 'application/json',
      'idempotency-key': key,
      ...(await signedBy(identity.operator, identity.roster.installation)('POST', path, bytes)),
    }
    const response = await fetch(url + path, { method: 'POST', headers, body: bytes })
    const json = (await response.json()) as { code?: string }
    return {
      status: response.status,
      replayed: response.headers.get('idempotency-replayed') === 'true',
      code: json.code,
      json: json as unknown,
    }
  }

  function tokens(): Promise<number> {
    return instances[0]!.host.runtimes.get('approver')!.database.transaction((tx) => tx.documents(TOKENS).count())
  }
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signedBy } from '#libs/client'
import type { IssuedToken } from '#libs/contracts'
import { TOKENS } from '#libs/service'
import type { Signer } from '#libs/signing'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

describe('a POST with an Idempotency-Key', () => {
  let system: MemorySystem
  let press: PipelineDriver
  beforeAll(async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
  })
  afterAll(() => system.stop())

  const post = async (path: string, body: unknown, key?: string, by: Signer = system.operator): Promise<Response> => {
    const bytes = Buffer.from(JSON.stringify(body))
    const authorize = signedBy(by, system.roster.installation, () => system.clock.now())
    const headers = { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) }
    return fetch(system.url + path, { method: 'POST', headers: { ...headers, ...(await authorize('POST', path, bytes)) }, body: bytes })
  }
  const replayed = ({ headers }: Response): boolean => headers.get('idempotency-replayed') === 'true'
  const tokens = (): Promise<number> => system.host.runtimes.get('approver')!.database.transaction((tx) => tx.documents(TOKENS).count())

  const live = async (policy: string): Promise<void> =>
    press.whenState(await press.approve([policy], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')

  it('is done once, however many come at once, and answered as before afterwards', async () => {
    const body = { scopes: ['read'], name: 'dashboard' }
    const before = await tokens()
    const answers = await Promise.all(Array.from({ length: 12 }, () => post('/v1/tokens', body, 'make-one')))
    expect(await tokens()).toBe(before + 1)
    expect(answers.filter((answer) => answer.status === 201 && !replayed(answer))).toHaveLength(1)
    for (const { status } of answers) expect([201, 409]).toContain(status)
    const again = await post('/v1/tokens', body, 'make-one')
    expect([again.status, replayed(again)]).toEqual([201, true])
    expect(await tokens()).toBe(before + 1)
  })

  it('returns a secret once: the stored response has none', async () => {
    const body = { scopes: ['read'] }
    const first = (await (await post('/v1/tokens', body, 'secret')).json()) as IssuedToken
    const again = (await (await post('/v1/tokens', body, 'secret')).json()) as IssuedToken
    expect(first.token).toMatch(/^hms_/)
    expect({ ...again, token: first.token }).toEqual(first)
    expect(again.token).toBeUndefined()
  })

  it('is 422 with another body, and nothing happens', async () => {
    await post('/v1/tokens', { scopes: ['read'] }, 'one')
    const before = await tokens()
    const refused = await post('/v1/tokens', { scopes: ['operate'] }, 'one')
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([422, 'HMS_HTTP_KEY_REUSED'])
    expect(await tokens()).toBe(before)
  })

  it('reveals nothing to another caller, who may choose the same key', async () => {
    const body = { scopes: ['read'], name: 'mine' }
    const mine = (await (await post('/v1/tokens', body, 'shared')).json()) as IssuedToken
    const theirs = await post('/v1/tokens', body, 'shared', system.signers.get('EPA Chief'))
    expect([theirs.status, replayed(theirs)]).toEqual([201, false])
    expect(((await theirs.json()) as IssuedToken).id).not.toBe(mine.id)
  })

  it('is judged again after a refusal', async () => {
    const refused = await post('/v1/rollbacks', { policy: 'lead', version: '1.0.0' }, 'early')
    expect([refused.status, replayed(refused)]).toEqual([404, false])
    await live('lead@1.0.0=15')
    await live('lead@2.0.0=12')
    const done = await post('/v1/rollbacks', { policy: 'lead', version: '1.0.0' }, 'early')
    expect([done.status, replayed(done)]).toEqual([202, false])
    const again = await post('/v1/rollbacks', { policy: 'lead', version: '1.0.0' }, 'early')
    expect([again.status, replayed(again)]).toEqual([202, true])
    expect(await again.json()).toEqual(await done.json())
  })

  it.each(['', 'k'.repeat(201)])('must have one to two hundred characters: %#', async (key) => {
    const refused = await post('/v1/rollbacks', { policy: 'lead', version: '1.0.0' }, key)
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([400, 'HMS_HTTP_KEY_INVALID'])
  })
})

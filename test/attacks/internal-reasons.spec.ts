import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChangeView, IssuedToken } from '#libs/contracts'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const REASON = 'the ministry called'
const PUBLIC_REASON = 'sensors were recalibrated'
const PATHS = [
  '/v1/policies',
  '/v1/policies/pm25',
  '/v1/policies/pm25?at=2100-01-01T00:00:00Z',
  '/v1/policies/pm25?version=1.0.0',
  '/v1/policies/pm25/history',
  '/v1/policies/pm25/history?signed=true',
  '/v1/snapshot',
]

let system: MemorySystem
let driver: PipelineDriver
beforeAll(async () => {
  system = await startMemorySystem()
  driver = new PipelineDriver(system)
  for (const policy of ['pm25@1.0.0=35', 'pm25@2.0.0=25'])
    await driver.whenState(await driver.approve([policy], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
  await driver.api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0', reason: REASON, publicReason: PUBLIC_REASON })
  await system.settle()
})
afterAll(() => system.stop())

/** The body of a response with all its base64 members decoded. */
async function read(path: string, ...scopes: string[]): Promise<string> {
  const { token } = await driver.api.post<IssuedToken>('/v1/tokens', { scopes })
  const response = await fetch(system.url + path, { headers: { authorization: `Bearer ${token}` } })
  expect(response.status, path).toBe(200)
  const text = await response.text()
  return [text, ...[...text.matchAll(/[A-Za-z0-9+/]{40,}={0,2}/g)].map(([word]) => Buffer.from(word, 'base64').toString())].join('\n')
}

describe('the internal reason of a rollback', () => {
  it.each(PATHS)('is not in %s for keys of bots and partners', async (path) => {
    for (const scopes of [['bot:inspector-7'], ['partner:virginia'], ['bot:a', 'partner:b']]) {
      expect(await read(path, ...scopes), `${path} ${scopes.join()}`).not.toContain(REASON)
    }
  })

  it('is for keys that may read everything, and the public one for all', async () => {
    for (const scopes of [['read'], ['operate'], ['bot:a', 'read']])
      for (const path of ['/v1/policies', '/v1/policies/pm25', '/v1/policies/pm25/history'])
        expect(await read(path, ...scopes)).toContain(REASON)
    const { provenance } = JSON.parse((await read('/v1/policies/pm25', 'partner:virginia')).split('\n')[0]!) as {
      provenance: { change: ChangeView }
    }
    expect(provenance.change).toMatchObject({ cause: 'rollback', reason: null, publicReason: PUBLIC_REASON })
  })
})

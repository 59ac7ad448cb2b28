import { afterAll, beforeAll, expect, it } from 'vitest'
import { serveEdge } from '../../apps/edge/src/edge.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { freePort } from '../support/processes.js'

let system: MemorySystem
let edge: Awaited<ReturnType<typeof serveEdge>>
beforeAll(async () => {
  system = await startMemorySystem()
  const gone = `http://127.0.0.1:${await freePort()}`
  const quiet = { HMS_PROFILE: 'dev', HMS_PORT: '0', HMS_LOG_LEVEL: 'silent' }
  edge = await serveEdge({
    ...quiet,
    HMS_LINTER_URLS: `${gone},${system.url},${gone}`,
    HMS_CONFIG_STORE_URLS: `${gone},${system.url}`,
    HMS_SIMULATOR_URLS: `${gone},${system.url}`,
    HMS_AUDIT_URLS: `${gone},${gone}`,
  })
})
afterAll(async () => {
  await edge.stop()
  await system.stop()
})

const ask = (path: string, init?: RequestInit): Promise<Response> => fetch(`http://127.0.0.1:${edge.port}${path}`, init)

it('a read whose instance is gone is answered by another one, with its query', async () => {
  for (let turn = 0; turn < 6; turn++) {
    const answer = await ask(`/v1/schemas?turn=${turn}`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('application/json')])
  }
})

it('and so are many that come at once', async () => {
  const answers = await Promise.all(Array.from({ length: 60 }, async () => (await ask('/v1/schemas')).status))
  expect(answers).toEqual(answers.map(() => 200))
})

it('and so is an evaluation by OFREP, a read with a body', async () => {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ context: { targetingKey: 'inspector-1', region: 'NCR' } })
  for (let turn = 0; turn < 6; turn++) {
    const answer = await ask('/ofrep/v1/evaluate/flags', { method: 'POST', headers, body })
    expect([answer.status, await answer.json()]).toMatchObject([200, { flags: [] }])
  }
})

it('a write goes to one instance alone, and gets 503 where that is gone; the next goes to another', async () => {
  const write = (): Promise<Response> => ask('/v1/bots', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })
  expect([(await write()).status, (await write()).status, (await write()).status]).toEqual([503, 401, 401])
})

it('a read gets 503 where all instances are gone', async () => {
  const answer = await ask('/v1/audit/entries')
  expect(answer.headers.get('retry-after')).toBe('2')
  const detail = 'The edge reaches no instance of audit at the moment. Try again.'
  expect(await answer.json()).toMatchObject({ status: 503, code: 'HMS_HTTP_UNAVAILABLE', detail })
})

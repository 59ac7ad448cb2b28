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
  edge = await serveEdge({ ...quiet, HMS_LINTER_URLS: `${gone},${system.url},${gone}`, HMS_AUDIT_URLS: `${gone},${gone}` })
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

it('a write is asked of one alone, and hears 503 where that is gone', async () => {
  const write = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ policies: [] }) }
  const answers = await Promise.all(Array.from({ length: 6 }, async () => (await ask('/v1/lint', write)).status))
  expect(answers.filter((status) => status === 503)).toHaveLength(4)
})

it('a read hears 503 where all are gone', async () => {
  const answer = await ask('/v1/audit/entries')
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([503, 'HMS_HTTP_UNAVAILABLE'])
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { prepareApproval, signApproval, submitApproval } from '#libs/client'
import { MemoryBus } from '#libs/messaging/testing'
import { serveSidecar } from '../../apps/sidecar/src/serve-sidecar.js'
import { freePort } from '../support/broker/free-ports.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { until } from '../support/processes.js'

let system: MemorySystem
let press: PipelineDriver
beforeAll(async () => {
  const port = await freePort()
  const linter = { HMS_LINTER_URLS: `http://127.0.0.1:${port}` }
  system = await startMemorySystem(linter, new MemoryBus(), undefined, undefined, [], port)
  press = new PipelineDriver(system)
})
afterAll(() => system.stop())

const register = (schema: object): Promise<unknown> => press.api.post('/v1/schemas', { name: 'numbers', schema })
const value = async (key?: string, from = system.url): Promise<string> => {
  const path = `/ofrep/v1/evaluate/flags${key === undefined ? '' : `/${key}`}`
  const body = JSON.stringify({ context: { targetingKey: 'x' } })
  return (await fetch(from + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).text()
}

it('OFREP writes a number as its schema says, alone and in bulk, and follows a schema that is replaced', async () => {
  await register({ type: 'object', properties: { limit: { type: 'number' }, days: { type: 'integer' } } })
  const policy = { id: 'number-limit', version: '1.0.0', effective: '2024-09-01T00:00:00Z', limit: 25, days: 7, schema: 'numbers' }
  const prepared = await prepareApproval(press.api, [policy], { observeMs: 0, bakeMs: 0 })
  const signatures = await signApproval(prepared, system.signers.get('EPA Chief')!)
  await press.whenState((await submitApproval(press.api, prepared, signatures)).run!, 'SUCCEEDED')
  await until('the schema is known', async () => (await value('number-limit.limit')).includes('25.0'))
  expect(await value('number-limit.limit')).toContain('"value":25.0,')
  expect(await value('number-limit.days')).toContain('"value":7,')
  expect(await value('number-limit')).toContain('"limit":25.0,')
  expect(await value()).toContain('"value":25.0,')
  const folder = mkdtempSync(join(tmpdir(), 'hms-numbers-'))
  writeFileSync(join(folder, 'roster.json'), JSON.stringify(system.roster.envelope))
  const env = { HMS_URL: system.url, HMS_ROSTER: join(folder, 'roster.json'), HMS_SIDECAR_PORT: '0', HMS_LOG_LEVEL: 'silent' }
  const sidecar = await serveSidecar(env)
  const local = (key?: string) => value(key, sidecar.address)
  await until('the side-car writes it alike', async () => (await local('number-limit.limit')).includes('"value":25.0,'))
  expect([await local('number-limit.days'), await local()]).toEqual([
    expect.stringContaining('"value":7,'),
    expect.stringContaining('"limit":25.0,'),
  ])
  await sidecar.stop()
  rmSync(folder, { recursive: true })
  await register({ type: 'object', properties: { limit: { type: 'integer' } } })
  system.clock.advanceTo(system.clock.now().getTime() + 61_000)
  await until('the other schema is known', async () => (await value('number-limit.limit')).includes('"value":25,'))
})

it('the name of a schema is as long as an id at most: a longer one is refused, and is no failure', async () => {
  const send = (name: string): Promise<unknown> => press.api.post('/v1/schemas', { name, schema: { type: 'object' } })
  await expect(send('x'.repeat(5_000))).rejects.toMatchObject({ status: 400 })
  await expect(send('x'.repeat(100))).resolves.toMatchObject({ name: 'x'.repeat(100) })
})

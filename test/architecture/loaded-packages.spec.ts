import { afterAll, beforeAll, expect, it } from 'vitest'
import { createDemoIdentity } from '#libs/client'
import { SERVICES } from '#libs/contracts'
import { BIN, freePort, scratchFolder, Served, until } from '../support/processes.js'

/** Packages and libs that take 1 to 15 MB of a process. */
const HEAVY = [
  '@bufbuild/cel',
  '@bufbuild/re2',
  '@cedar-policy/cedar-wasm',
  '@nestjs/core',
  'kafkajs',
  'libphonenumber-js',
  'libs/client',
  'nodemailer',
  'pg',
  'quickjs-emscripten',
  'ssh2',
  'typeorm',
  'undici',
]
const OF_SERVICES = ['@nestjs/core', 'kafkajs', 'pg', 'typeorm']
const PRELOADED = new URL('../support/print-loaded.mjs', import.meta.url).href

const scratch = scratchFolder()
beforeAll(() => createDemoIdentity(scratch.path, SERVICES))
afterAll(() => scratch.remove())

/** Starts `serve NAME` without a database: a service ends then, when it has loaded all that it starts with. */
async function loadedBy(name: string): Promise<string[]> {
  const env = {
    HMS_PROFILE: 'dev',
    HMS_BUS: 'kafka',
    HMS_KAFKA_BROKERS: '127.0.0.1:9',
    HMS_DATABASE_URL: 'postgres://hms:hms@127.0.0.1:9/hms',
    HMS_DATA_DIR: scratch.path,
    HMS_PORT: String(await freePort()),
  }
  const served = Served.start([PRELOADED, BIN, 'serve', name], env, '--import')
  await until(`${name} has started`, async () => served.ended || served.output.includes(' listens on '))
  await served.stop()
  await until(`${name} has printed`, async () => served.output.includes('LOADED '))
  const loaded = JSON.parse(/^LOADED (.*)$/m.exec(served.output)![1]!) as string[]
  expect(loaded, served.output).toContain('fastify')
  return HEAVY.filter((name) => loaded.includes(name))
}

it('the edge loads nothing of the services, nor what only a page or the first probe needs', async () => {
  expect(await loadedBy('edge')).toEqual([])
}, 180_000)

it.each([
  ['approver', OF_SERVICES],
  ['rollout', OF_SERVICES],
  ['simulator', OF_SERVICES],
  ['notifier', [...OF_SERVICES, 'nodemailer', 'ssh2', 'undici'].sort()],
])(
  '%s loads no engine of rules before the first question',
  async (service, expected) => {
    expect(await loadedBy(service)).toEqual(expected)
  },
  180_000,
)

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { serveServices } from '#libs/service'
import { startEmbedded } from '../../apps/cli/src/hosting/embedded-system.js'
import { serveEdge } from '../../apps/edge/src/edge.js'
import { serveWitness } from '../../apps/witness/src/serve-witness.js'

const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'hms-wrong-settings-'))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return dir
}
const refusal = (starting: Promise<unknown>): Promise<{ code: string; status: number; detail: string }> =>
  starting.then(
    () => expect.unreachable('it started'),
    (error: unknown) => error as never,
  )

it('services name every wrong variable before they open anything', async () => {
  const { code, status, detail } = await refusal(
    serveServices(['approver', 'notifier'], {
      HMS_BUS: 'kafka',
      HMS_LOG_LEVEL: 'loud',
      HMS_APPROVER_OBSERVE: 'soon',
      HMS_NOTIFIER_DEADLINE: 'never',
      HMS_ROLLOUT_PORT: 'http',
      HMS_HTTP_CONNECTIONS: 'many',
      HMS_HTTP_CORS_ORIGINS: 'anywhere',
      HMS_RETENTION: 'always',
    }),
  )
  expect({ code, status }).toEqual({ code: 'HMS_CONFIG_INVALID', status: 400 })
  for (const variable of [
    'HMS_APPROVER_OBSERVE',
    'HMS_NOTIFIER_DEADLINE',
    'HMS_ROLLOUT_PORT',
    'HMS_HTTP_CONNECTIONS',
    'HMS_HTTP_CORS_ORIGINS',
    'HMS_RETENTION',
    'HMS_LOG_LEVEL',
    'HMS_ROSTER',
    'HMS_NOTIFIER_KEY_FILE',
  ])
    expect(detail).toContain(variable)
})

it('services name every variable that is missing', async () => {
  const { detail } = await refusal(serveServices(['approver', 'notifier'], { HMS_BUS: 'kafka', HMS_NOTIFIER_DEADLINE: 'never' }))
  const missing = ['HMS_DATABASE_URL', 'HMS_KAFKA_BROKERS', 'HMS_ROSTER', 'HMS_APPROVER_KEY_FILE', 'HMS_NOTIFIER_KEY_FILE']
  for (const variable of [...missing, 'HMS_NOTIFIER_DEADLINE']) expect(detail).toContain(variable)
})

it('a start without a broker says so alone, because nothing else is wrong for `dev`', async () => {
  expect(await refusal(serveServices(['linter'], {}))).toMatchObject({ code: 'HMS_BUS_EMBEDDED', status: 400 })
})

it('dev, the edge and the witness name every wrong variable', async () => {
  const dataDir = folder()
  const wrong = { HMS_LOG_LEVEL: 'loud', HMS_HTTP_CONNECTIONS: 'many', HMS_AUDIT_PORT: 'x' }
  const ofDev = await refusal(
    startEmbedded({ port: 0, dataDir, environment: { ...wrong, HMS_ROLLOUT_QUORUM: 'most' }, prepare: async () => {} }),
  )
  expect(ofDev.detail).toMatch(/HMS_LOG_LEVEL.*HMS_HTTP_CONNECTIONS.*HMS_AUDIT_PORT.*HMS_ROLLOUT_QUORUM/)
  const ofEdge = await refusal(serveEdge({ ...wrong, HMS_CONSOLE_HOSTS: 'a b' }))
  expect(ofEdge.detail).toMatch(/HMS_LOG_LEVEL.*HMS_HTTP_CONNECTIONS.*HMS_CONSOLE_HOSTS.*HMS_AUDIT_PORT/)
  const ofWitness = await refusal(serveWitness({ HMS_PORT: 'x', HMS_WITNESS_PORT: 'x', HMS_DATA_DIR: dataDir }))
  expect(ofWitness.detail).toMatch(/HMS_PORT.*HMS_WITNESS_PORT.*HMS_ROSTER.*HMS_WITNESS_KEY_FILE/)
})

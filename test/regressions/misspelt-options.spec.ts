import { expect, it } from 'vitest'
import { connect } from '../../libs/client/src/connection/connect.js'
import { deployPolicy } from '../../libs/client/src/deploy-policy.js'
import { getPolicy } from '../../libs/client/src/get-policy.js'
import { followPolicies } from '../../libs/client/src/kafka/follow-policies.js'
import { HmsProvider } from '../../libs/client/src/openfeature/hms-provider.js'
import { rollbackPolicy } from '../../libs/client/src/rollback-policy.js'
import { decideRun } from '../../libs/client/src/runs/decide-run.js'
import { fakeClient } from '../../libs/client/src/testing/fake-client.js'
import { verifyWebhook } from '../../libs/client/src/webhooks/verify-webhook.js'
import { verifyBundle } from '#libs/verify'

const never = (options: object): never => options as never

it.each<[string, () => unknown]>([
  ['obsreve', () => deployPolicy(never({ file: 'pm25.yaml', obsreve: '0s' }))],
  ['raeson', () => rollbackPolicy('pm25@1.0.0', never({ raeson: 'plume' }))],
  ['Only', () => rollbackPolicy('pm25@1.0.0', never({ Only: true }))],
  ['polices', () => connect(never({ url: 'http://127.0.0.1:9', polices: ['pm25'] }))],
  ['raeson', () => decideRun(1, 'abort', never({ raeson: 'plume' }))],
  ['At', () => getPolicy('pm25', never({ At: '2026-01-01T00:00:00Z' }))],
  ['cacheDri', () => followPolicies(never({ brokers: ['127.0.0.1:9'], cacheDri: '/tmp' }))],
  ['hook', async () => new HmsProvider(never({ hook: [] }))],
  ['policy', async () => fakeClient(never({ policy: [] }))],
  ['tolerance', async () => verifyWebhook('whsec_c2VjcmV0', {}, '', never({ tolerance: 1 }))],
  ['rooster', () => verifyBundle(new Uint8Array(), never({ rooster: new Uint8Array() }))],
  ['__proto__', () => deployPolicy(never(JSON.parse('{"__proto__": 1}') as object))],
])('an entry point names the option %s that it does not take', async (name, call) => {
  await expect(call()).rejects.toMatchObject({
    name: 'TypeError',
    code: 'HMS_OPTION_UNKNOWN',
    message: expect.stringContaining(name) as string,
  })
})

it.each<[string, () => unknown]>([
  ['connect', () => connect(never('http://127.0.0.1:9' as never))],
  ['getPolicy', () => getPolicy('pm25', null as never)],
  ['deployPolicy', () => (deployPolicy as () => unknown)()],
  ['decideRun', () => (decideRun as (run: number, decision: string) => unknown)(1, 'abort')],
])('%s names its options, given no object', async (name, call) => {
  await expect(async () => call()).rejects.toMatchObject({
    code: 'HMS_OPTION_UNKNOWN',
    message: expect.stringMatching(`^${name} needs an object of options; it takes `) as string,
  })
})

it.each<[string, object]>([
  ['token', { token: 'hms_a_b\n' }],
  ['bot', { bot: 42 }],
  ['region', { region: 'x'.repeat(65) }],
  ['policies', { policies: 'pm25' }],
  ['timeoutMs', { timeoutMs: '5s' }],
])('a reader names the option %s that it cannot use, before any request', async (name, options) => {
  const refusal = { code: 'HMS_CONFIG_INVALID', message: expect.stringMatching(`^${name} must `) as string }
  await expect(connect({ url: 'http://127.0.0.1:9', ...options })).rejects.toMatchObject(refusal)
  if (name !== 'token') await expect(followPolicies({ brokers: ['127.0.0.1:9'], ...options })).rejects.toMatchObject(refusal)
})

it('a follower names brokers that are no list', async () => {
  await expect(followPolicies({ brokers: '127.0.0.1:9' as never })).rejects.toMatchObject({ code: 'HMS_CONFIG_INVALID' })
})

it('deployPolicy reads the file of `file` beside those of `files`', async () => {
  const url = 'http://127.0.0.1:9'
  await expect(deployPolicy({ url, file: 'absent.yaml', files: [] })).rejects.toMatchObject({ code: 'HMS_FILE_UNREADABLE' })
})

it.each([
  ['text', { roster: new Uint8Array() }],
  [new Uint8Array(), new Uint8Array([1])],
  [new Uint8Array(), {}],
  [new Uint8Array(), { roster: '{}' }],
  [new Uint8Array(), undefined],
])('verifyBundle names the arguments that it takes, given others', async (...call) => {
  const verify = verifyBundle as (...call: unknown[]) => Promise<unknown>
  await expect(verify(...call)).rejects.toMatchObject({
    code: 'ERR_INVALID_ARG_TYPE',
    message: expect.stringContaining('{ roster: bytes }') as string,
  })
})

it('takes options that are left undefined', async () => {
  await expect(deployPolicy({ files: [], observe: undefined })).rejects.not.toBeInstanceOf(TypeError)
})

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { generateKeyPair, localSigner, rawPublicKey } from '#libs/signing'
import { areToolsRequired } from '../support/kubernetes/tools.config.js'
import { cleanEnvironment } from '../support/processes.config.js'
import { webhookPublicKey, withEd25519 } from '../../apps/notifier/src/channels/webhook/standard-webhooks.js'

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/how-to/verify-by-public-key.md', import.meta.url)), 'utf8')
const codeOf = (language: string): string => PAGE.match(new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``))![1]!

const folder = mkdtempSync(join(tmpdir(), 'hms-verifiers-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Of seed 32 × 01, over the message that Standard Webhooks publishes for `v1`. */
const VECTOR = {
  KEY: 'whpk_iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=',
  ID: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  TIMESTAMP: '1614265330',
  SIGNATURE:
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= ' +
    'v1a,Ykcu7AtGZGmZxFEH1Gaa2Nd7feY/CTuruoL4fqgnKwfbHU4DhemoVHZdvGfIvKvn4BIgwktLGGPGIr/i9nK7AA==',
  NOW: '1614265400',
}
const BODY = '{"test": 2432232314}'

const PYTHON = ['python3', '/usr/bin/python3'].find((program) => spawnSync(program, ['-c', 'import cryptography']).status === 0)
const hasGo = spawnSync('go', ['version']).status === 0
const isRequired = areToolsRequired()

/** How each is made ready and started; a language that is not on this machine is skipped, unless tools are required. */
const VERIFIERS: [string, boolean, () => string[]][] = [
  [
    'Python',
    PYTHON !== undefined,
    () => {
      writeFileSync(join(folder, 'verify.py'), codeOf('python'))
      return [PYTHON ?? 'python3', join(folder, 'verify.py')]
    },
  ],
  [
    'Go',
    hasGo,
    () => {
      writeFileSync(join(folder, 'verify.go'), codeOf('go'))
      const built = spawnSync('go', ['build', '-o', 'verify', 'verify.go'], { cwd: folder, encoding: 'utf8' })
      expect(built.stderr).toBe('')
      return [join(folder, 'verify')]
    },
  ],
]

describe.each(VERIFIERS.filter(([, isHere]) => isHere || isRequired))('a verifier by public key in %s', (_language, _isHere, prepare) => {
  let command: string[]
  beforeAll(() => {
    command = prepare()
  }, 300_000)

  const accepts = (env: Record<string, string>, body = BODY): boolean => {
    const [program, ...argv] = command
    return spawnSync(program!, argv, { input: body, env: { ...cleanEnvironment(), ...env } }).status === 0
  }

  it('accepts the vector, and nothing that differs from it', () => {
    expect(accepts(VECTOR)).toBe(true)
    expect(accepts(VECTOR, `${BODY} `)).toBe(false)
    expect(accepts({ ...VECTOR, ID: 'msg_2' })).toBe(false)
    expect(accepts({ ...VECTOR, TIMESTAMP: '1614265331' })).toBe(false)
    expect(accepts({ ...VECTOR, NOW: '1614265631' })).toBe(false)
    expect(accepts({ ...VECTOR, SIGNATURE: VECTOR.SIGNATURE.split(' ')[0]! })).toBe(false)
    expect(accepts({ ...VECTOR, SIGNATURE: 'v1a,AAAA v1a,*' })).toBe(false)
  })

  it('accepts what notifier signs', async () => {
    const { privateKey, publicKey } = generateKeyPair()
    const time = String(Math.floor(Date.now() / 1000))
    const headers = { 'webhook-id': 'run_1_pm25_va', 'webhook-timestamp': time, 'webhook-signature': 'v1,AAAA' }
    const body = '{"type":"policy.updated","text":"é"}'
    const signed = await withEd25519(headers, Buffer.from(body), localSigner(privateKey))
    const env = { KEY: webhookPublicKey(rawPublicKey(publicKey)), ID: 'run_1_pm25_va', TIMESTAMP: time }
    expect(accepts({ ...env, SIGNATURE: signed['webhook-signature'] }, body)).toBe(true)
    expect(accepts({ ...env, SIGNATURE: signed['webhook-signature'].replace('v1a,', 'v1,') }, body)).toBe(false)
  })
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signWebhook, withEd25519 } from '../../apps/notifier/src/channels/webhook/standard-webhooks.js'
import { testIdentity } from '../support/identity.js'
import { areToolsRequired } from '../support/kubernetes/tools.config.js'
import { finished } from '../support/processes.js'

/**
 * The last line of svix that verifies by itself, on a SHA-256 of its own: since 1.99 it hands the work to `standardwebhooks`, which other
 * specs ask. Installed aside and without scripts, for it brings types of another Node and five packages that nothing else here needs.
 */
const SVIX = 'svix@1.75.1'
const PROBE = `
import { readFileSync } from 'node:fs'
import svix from 'svix'
const judge = ({ secret, headers, body }) => {
  try {
    new svix.Webhook(secret).verify(body, headers)
    return 'taken'
  } catch (error) {
    return error.message
  }
}
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8')).map(judge)))
`
const [SECRET, OLD_SECRET, OTHER] = [7, 8, 9].map((byte) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`) as [
  string,
  string,
  string,
]
const BODY = '{"type":"policy.updated","data":{"id":"epa-pm25-limit","text":"é"}}'
const WITHIN_MS = 300_000

let folder: string
let missing: string | undefined
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hms-svix-'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  writeFileSync(join(folder, 'probe.mjs'), PROBE)
  const argv = ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', SVIX]
  const { code, stderr } = await finished('npm', argv, {}, WITHIN_MS)
  if (code !== 0) missing = `${SVIX} could not be installed: ${stderr}`
}, WITHIN_MS)
afterAll(() => rmSync(folder, { recursive: true }))

describe('the verifier of svix', () => {
  it('takes what notifier signs, by either secret of a rotation, and nothing else', { timeout: WITHIN_MS }, async ({ skip }) => {
    if (missing !== undefined && !areToolsRequired()) skip(missing)
    expect(missing).toBeUndefined()
    const good = await signed(new Date())
    const cases = [
      { secret: SECRET, headers: good, body: BODY },
      { secret: OLD_SECRET, headers: good, body: BODY },
      { secret: OTHER, headers: good, body: BODY },
      { secret: SECRET, headers: good, body: `${BODY} ` },
      { secret: SECRET, headers: { ...good, 'webhook-id': 'msg_2' }, body: BODY },
      { secret: SECRET, headers: await signed(new Date(Date.now() - 600_000)), body: BODY },
    ]
    writeFileSync(join(folder, 'cases.json'), JSON.stringify(cases))
    const { stdout, stderr } = await finished(process.execPath, [join(folder, 'probe.mjs')], {}, WITHIN_MS)
    expect(stderr).toBe('')
    const [one, other, ...refused] = JSON.parse(stdout) as string[]
    expect([one, other]).toEqual(['taken', 'taken'])
    expect(refused).toEqual([...Array<string>(3).fill('No matching signature found'), 'Message timestamp too old'])
  })
})

/** As a try sends it: by both secrets, and by the key of notifier in a scheme that this verifier passes over. */
async function signed(timestamp: Date): Promise<Record<string, string>> {
  const body = Buffer.from(BODY)
  const result = signWebhook({ id: 'msg_1', timestamp, body, secrets: [SECRET, OLD_SECRET] })
  if (!result.ok) throw new Error(result.detail)
  const signer = (await testIdentity()).serviceSigner('notifier')
  return { ...(await withEd25519(result.headers, body, signer)) }
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { serveCanned } from '../testing/canned-service.js'
import { runForTest } from '../testing/run-cli.js'

const PARTNER = `id: va-deq
name: env:NAME is no secret here
channels:
  - webhook: { url: "https://partner.example/hooks", secret: "env:VA_DEQ_SECRET" }
  - sftp: { host: h, key: "file:key.txt" }
`

let folder: string
afterEach(() => rm(folder, { recursive: true }))

async function addPartner(env: Record<string, string>, partner = PARTNER): Promise<{ code: number; stderr: string; requests: unknown[] }> {
  folder = await mkdtemp(join(tmpdir(), 'hms-partner-'))
  await writeFile(join(folder, 'partner.yaml'), partner)
  await writeFile(join(folder, 'key.txt'), 'the key\n')
  const service = await serveCanned({ 'POST /v1/partners': { body: { id: 'va-deq' } } })
  const { code, stderr } = await runForTest(['partners', 'add', join(folder, 'partner.yaml')], { env: { HMS_URL: service.url, ...env } })
  await service.close()
  return { code, stderr, requests: service.requests.map((request) => request.body) }
}

describe('partners add', () => {
  it('resolves env: and file: in secrets, and leaves other texts unchanged', async () => {
    const { code, requests } = await addPartner({ VA_DEQ_SECRET: 'whsec_1' })
    expect(code).toBe(0)
    expect(requests).toEqual([
      {
        id: 'va-deq',
        name: 'env:NAME is no secret here',
        channels: [{ webhook: { url: 'https://partner.example/hooks', secret: 'whsec_1' } }, { sftp: { host: 'h', key: 'the key' } }],
      },
    ])
  })

  it('sends nothing if a variable is missing, exit 2', async () => {
    const { code, stderr, requests } = await addPartner({})
    expect([code, requests]).toEqual([2, []])
    expect(stderr).toContain('VA_DEQ_SECRET')
  })

  // The partner writes the file: a reference outside a secret would reach the partner's server in the clear.
  it.each([
    ['/channels/0/sftp/user', 'sftp: { host: h, user: "env:HMS_TOKEN", key: "file:key.txt" }'],
    ['/channels/0/sftp/dir', 'sftp: { host: h, dir: "file:key.txt", key: "file:key.txt" }'],
    ['/channels/0/sftp/hostKey', 'sftp: { host: h, hostKey: "file:key.txt", key: "file:key.txt" }'],
    ['/channels/0/sftp/secret', 'sftp: { host: h, secret: "env:HMS_TOKEN" }'],
    ['/channels/0/webhook/url', 'webhook: { url: "env:HMS_TOKEN", secret: "file:key.txt" }'],
    ['/channels/0/a2a/to', 'a2a: { to: "env:HMS_TOKEN", secret: "file:key.txt" }'],
    ['/channels/0/email/to', 'email: { to: "env:HMS_TOKEN" }'],
    ['/channels/0/email/to/0', 'email: { to: ["env:HMS_TOKEN"] }'],
    ['/channels/0/secret', 'secret: "env:HMS_TOKEN"'],
    ['/channels/0/webhook/secret/secret', 'webhook: { secret: { secret: "env:HMS_TOKEN" } }'],
  ])('refuses %s, sends nothing, exit 2', async (pointer, channel) => {
    const { code, stderr, requests } = await addPartner({ HMS_TOKEN: 'hms_pat_1' }, `id: va-deq\nchannels:\n  - ${channel}\n`)
    expect([code, requests]).toEqual([2, []])
    expect(stderr).toContain(`${pointer} is not a secret`)
    expect(stderr).not.toContain('hms_pat_1')
  })
})

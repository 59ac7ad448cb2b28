import { createDemoIdentity } from '#libs/client'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runForTest } from '../testing/run-cli.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-whoami-'))
  await createDemoIdentity(folder, ['approver'])
})
afterAll(() => rm(folder, { recursive: true }))

describe('whoami', () => {
  it('names signer, caller and roster of a folder that dev made', async () => {
    const { code, stdout } = await runForTest(['whoami', '--json'], { env: { HMS_DATA_DIR: folder } })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      services: { url: 'http://127.0.0.1:7184', by: 'default' },
      signer: { name: 'EPA Chief', by: 'dev', heldBy: 'file', roles: expect.arrayContaining([expect.any(String)]) as string[] },
      caller: { as: 'the operator', by: folder },
      roster: { version: 1, by: join(folder, 'roster.json') },
    })
  })

  it('names the setting that takes precedence', async () => {
    const env = { HMS_DATA_DIR: folder, HMS_SIGNER: 'Air Office', HMS_TOKEN: 'hms_x', HMS_URL: 'http://press.example' }
    const { stdout } = await runForTest(['whoami', '--json'], { env })
    expect(JSON.parse(stdout)).toMatchObject({
      services: { by: 'HMS_URL' },
      signer: { name: 'Air Office', by: 'HMS_SIGNER' },
      caller: { as: 'a program', by: 'HMS_TOKEN' },
    })
    expect(stdout).not.toContain('hms_x')
    const away = await runForTest(['whoami', '--json', '--url', 'http://press.example'], { env: { HMS_DATA_DIR: folder } })
    expect(JSON.parse(away.stdout)).toMatchObject({ services: { by: '--url' }, caller: { as: 'nobody' } })
  })

  it('names the address that the verbs use', async () => {
    const { stdout } = await runForTest(['whoami', '--json'], { env: { HMS_DATA_DIR: folder, HMS_URL: 'http://press.example/' } })
    expect(JSON.parse(stdout)).toMatchObject({ services: { url: 'http://press.example' } })
    const { code, stderr } = await runForTest(['whoami', '--url', 'localhost:7184'], { env: { HMS_DATA_DIR: folder } })
    expect([code, stderr]).toEqual([2, expect.stringContaining('--url must be an http(s) URL')])
  })

  it('exits with 3 without a signer and a caller, and prints what is missing', async () => {
    const { code, stdout } = await runForTest(['whoami'], { env: { HMS_KEYS_DIR: join(folder, 'none') } })
    expect(code).toBe(3)
    expect(stdout).toContain('signs as   no one: there is no key in')
    expect(stdout).toContain('no roster yet')
  })

  it('exits with 2 if the roster of HMS_ROSTER cannot be read', async () => {
    const env = { HMS_DATA_DIR: folder, HMS_ROSTER: join(folder, 'none.json') }
    const { code, stderr } = await runForTest(['whoami'], { env })
    expect([code, stderr]).toEqual([2, expect.stringContaining('HMS_ROSTER_UNREADABLE')])
  })

  it('names no signer if the key of HMS_SIGNER is missing', async () => {
    const { stdout } = await runForTest(['whoami'], { env: { HMS_DATA_DIR: folder, HMS_SIGNER: 'Unknown Person' } })
    expect(stdout).toContain('HMS_SIGNER says "Unknown Person", and')
  })
})

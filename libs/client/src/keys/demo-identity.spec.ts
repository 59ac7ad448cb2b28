import { copyFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEMO_PEOPLE } from '#libs/signing'
import { createDemoIdentity } from './demo-identity.js'
import { loadIdentity } from './identity.js'
import { dataFolderPassphrase, KeyFolder } from './key-folder.js'

const SERVICES = ['approver', 'rollout']
let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'hms-identity-'))
})
afterEach(() => rm(dataDir, { recursive: true }))

const contents = async () => {
  const files = (await readdir(dataDir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
  const paths = files.map(({ parentPath, name }) => join(parentPath, name))
  const texts = await Promise.all(paths.map(async (path) => [path, await readFile(path, 'utf8')]))
  return Object.fromEntries(texts) as Record<string, string>
}

describe('the demo identity', () => {
  it('has keys of people, services and operator that the roster names, and is created once', async () => {
    await createDemoIdentity(dataDir, SERVICES)
    const { roster, serviceSigner, operatorSigner } = await loadIdentity(dataDir)
    expect(roster.profile).toBe('demo')
    for (const name of SERVICES) expect([...roster.serviceKeys(name).keys()]).toEqual([serviceSigner(name).keyid])
    expect([...roster.keysOfKind('operator').keys()]).toEqual([operatorSigner().keyid])
    const folder = new KeyFolder(join(dataDir, 'keys'))
    expect((await folder.list()).map(({ name }) => name).sort()).toEqual([...DEMO_PEOPLE].sort())
    const chief = await folder.open('EPA Chief', (await dataFolderPassphrase(folder.dir)) ?? '')
    expect(roster.principalByName('EPA Chief')?.keys[0]?.keyid).toBe(chief.keyid)

    const secrets = ['keys/passphrase', 'keys/epa-chief.key.pem', 'service-keys/operator.pem']
    const secret = await Promise.all(secrets.map((file) => stat(join(dataDir, file))))
    expect(secret.map(({ mode }) => mode & 0o777)).toEqual([0o600, 0o600, 0o600])

    const before = await contents()
    await createDemoIdentity(dataDir, [...SERVICES, 'linter'])
    expect(await contents()).toEqual(before)
    expect(() => serviceSigner('linter')).toThrow(expect.objectContaining({ code: 'HMS_IDENTITY_MISSING' }))
  })

  it('reads only the named keys', async () => {
    await createDemoIdentity(dataDir, SERVICES)
    const { serviceSigner, operatorSigner } = await loadIdentity(dataDir, ['operator'])
    expect(operatorSigner().keyid).toMatch(/^SHA256:/)
    expect(() => serviceSigner('rollout')).toThrow(expect.objectContaining({ code: 'HMS_IDENTITY_MISSING' }))
    expect(() => serviceSigner('rollout')).toThrow('rollout.pem')
  })

  it('is the same for several processes that create it concurrently', async () => {
    await Promise.all([1, 2, 3].map(() => createDemoIdentity(dataDir, SERVICES)))
    const { serviceSigner, operatorSigner, roster } = await loadIdentity(dataDir)
    expect(SERVICES.map((name) => serviceSigner(name).keyid)).toHaveLength(2)
    expect(operatorSigner().keyid).toMatch(/^SHA256:/)
    const entries = await new KeyFolder(join(dataDir, 'keys')).list()
    for (const { name, keyid } of entries) expect(roster.principalByName(name)?.keys[0]?.keyid).toBe(keyid)
    expect(Object.keys(await contents()).filter((file) => file.endsWith('.tmp'))).toEqual([])
  })

  it('is completed by the next process when the first one died', async () => {
    await createDemoIdentity(dataDir, SERVICES)
    const before = await contents()
    for (const file of ['roster.json', 'service-keys/rollout.pem', 'keys/air-office.key.pem', 'keys/epa-chief.pub.json']) {
      await rm(join(dataDir, file))
    }
    await createDemoIdentity(dataDir, SERVICES)
    const { roster, serviceSigner } = await loadIdentity(dataDir)
    expect(roster.serviceKeys('rollout').has(serviceSigner('rollout').keyid)).toBe(true)
    const after = await contents()
    expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort())
    for (const kept of ['keys/passphrase', 'keys/epa-chief.key.pem', 'keys/epa-chief.pub.json', 'service-keys/approver.pem']) {
      expect(after[join(dataDir, kept)]).toBe(before[join(dataDir, kept)])
    }
  })

  it('is reported with a next step when a part is missing or does not match', async () => {
    await expect(loadIdentity(dataDir)).rejects.toMatchObject({ code: 'HMS_IDENTITY_MISSING', next: [expect.anything(), 'hms-svc dev'] })
    await createDemoIdentity(dataDir, SERVICES)
    await copyFile(join(dataDir, 'service-keys/approver.pem'), join(dataDir, 'service-keys/rollout.pem'))
    const { serviceSigner } = await loadIdentity(dataDir)
    expect(() => serviceSigner('rollout')).toThrow(expect.objectContaining({ code: 'HMS_IDENTITY_MISMATCH' }))
  })
})

import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { signEnvelope, spkiToKey, verifyEnvelope } from '#libs/signing'
import { dataFolderPassphrase, KeyFolder, resolveKeysDir } from './key-folder.js'

let root: string
let folder: KeyFolder
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'hms-keys-'))
  folder = new KeyFolder(join(root, 'keys'), 1000)
})
afterEach(() => rm(root, { recursive: true }))

const modeOf = async (path: string) => (await stat(path)).mode & 0o777

describe('a key folder', () => {
  it('creates a key, lists it, and signs with it', async () => {
    expect(await folder.list()).toEqual([])
    const made = await folder.create('EPA Chief', 'secret')
    expect(await folder.list()).toEqual([made])
    expect(made.file).toBe(join(folder.dir, 'epa-chief.key.pem'))
    expect(Date.parse(made.createdAt)).not.toBeNaN()
    const signer = await folder.open('EPA Chief', 'secret')
    expect(signer).toMatchObject({ name: 'EPA Chief', keyid: made.keyid })
    const envelope = await signEnvelope(Buffer.from('{}'), [signer])
    expect(verifyEnvelope(envelope, new Map([[made.keyid, spkiToKey(made.spki)]])).keyids).toEqual([made.keyid])
  })

  it('is readable by its owner only, and has no other files', async () => {
    const { file } = await folder.create('EPA Chief', 'secret')
    expect([await modeOf(folder.dir), await modeOf(file)]).toEqual([0o700, 0o600])
    expect((await readdir(folder.dir)).sort()).toEqual(['epa-chief.key.pem', 'epa-chief.pub.json'])
    const text = await readFile(join(folder.dir, 'epa-chief.pub.json'), 'utf8')
    expect(Object.keys(JSON.parse(text) as object)).toEqual(['name', 'keyid', 'spki'])
  })

  it('never overwrites a key, even when two are created concurrently', async () => {
    const tries = await Promise.allSettled(['EPA Chief', 'EPA Chief', 'epa-chief'].map((name) => folder.create(name, 'secret')))
    const made = tries.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    expect(made).toHaveLength(1)
    const refused = tries.filter((outcome) => outcome.status === 'rejected')
    expect(refused.map(({ reason }) => (reason as { code: string }).code)).toEqual(['HMS_KEY_EXISTS', 'HMS_KEY_EXISTS'])
    await expect(folder.create('EPA  Chief', 'other')).rejects.toMatchObject({ code: 'HMS_KEY_EXISTS' })
    expect((await folder.open('epa chief', 'secret')).keyid).toBe(made[0]?.keyid)
  })

  it('reports a missing key, a wrong passphrase and exchanged files', async () => {
    await expect(folder.open('EPA Chief', 'secret')).rejects.toMatchObject({ code: 'HMS_KEY_NOT_FOUND' })
    const chief = await folder.create('EPA Chief', 'secret')
    const counsel = await folder.create('EPA Counsel', 'secret')
    await expect(folder.open('EPA Chief', 'Secret')).rejects.toMatchObject({ code: 'HMS_KEY_PASSPHRASE' })
    await copyFile(counsel.file, chief.file)
    await expect(folder.open('EPA Chief', 'secret')).rejects.toMatchObject({ code: 'HMS_KEY_UNREADABLE' })
    await writeFile(join(folder.dir, 'epa-chief.pub.json'), '{}')
    await expect(folder.list()).rejects.toMatchObject({ code: 'HMS_KEY_UNREADABLE' })
  })

  it.each([
    ['Ångström Büro', 'angstrom-buro'],
    ['../../etc/passwd', 'etc-passwd'],
    ['環境庁', '環境庁'],
  ])('stores the key %s as %s', async (name, stem) => {
    expect((await folder.create(name, 'secret')).file).toBe(join(folder.dir, `${stem}.key.pem`))
    expect((await folder.find(name))?.name).toBe(name)
  })

  it.each(['', ' . ', '/', 'x'.repeat(81)])('takes no key named "%s"', async (name) => {
    await expect(folder.create(name, 'secret')).rejects.toMatchObject({ code: 'HMS_KEY_NAME' })
  })
})

describe('the folder of keys', () => {
  it('is the configured one, else in the data folder, else in the home folder', async () => {
    const sources = { env: {}, dataDir: root, home: '/home/someone' }
    expect(resolveKeysDir(sources)).toBe('/home/someone/.config/hms-svc/keys')
    await folder.create('EPA Chief', 'secret')
    expect(resolveKeysDir(sources)).toBe(folder.dir)
    expect(resolveKeysDir({ ...sources, env: { HMS_KEYS_DIR: '/elsewhere' } })).toBe('/elsewhere')
  })

  it('may contain the passphrase', async () => {
    expect(await dataFolderPassphrase(root)).toBeUndefined()
    await writeFile(join(root, 'passphrase'), 'a b \r\n', { mode: 0o600 })
    expect(await dataFolderPassphrase(root)).toBe('a b ')
  })
})

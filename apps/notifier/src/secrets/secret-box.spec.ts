import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Partner } from '../partners/partner.js'
import { openChannel, resealPartner, sealPartner } from './sealed-channels.js'
import { SecretBox } from './secret-box.js'
import { parseSecretKeys, readSecretKeys, secretKey, type SecretKey } from './secret-keys.js'

const [OLD, NEW] = [secretKey(Buffer.alloc(32, 1)), secretKey(Buffer.alloc(32, 2))]
const boxOf = (...keys: SecretKey[]): SecretBox => new SecretBox(async () => keys)
const folder = mkdtempSync(join(tmpdir(), 'hms-secrets-'))
afterAll(() => rmSync(folder, { recursive: true }))

const PARTNER: Partner = {
  id: 'va-deq',
  name: 'Virginia DEQ',
  groups: [],
  channels: [
    { kind: 'webhook', url: 'https://partner.example/', secret: 'whsec_hunter2' },
    { kind: 'sftp', host: 'h', port: 22, user: 'u', hostKey: 'k', dir: '/', key: 'PRIVATE hunter2' },
    { kind: 'a2a', url: 'https://partner.example/', secret: 'hunter2hunter2' },
    { kind: 'email', to: 'air@va.example' },
  ],
  deliver: 'all',
  contact: null,
  rate: 5,
  lane: 'latest',
  networks: [],
}

describe('SecretBox', () => {
  it('opens the texts it sealed, seals a text differently each time, and reveals nothing', async () => {
    const box = boxOf(NEW)
    const sealed = [await box.seal('hunter2', 'a'), await box.seal('hunter2', 'a')]
    expect(new Set(sealed).size).toBe(2)
    expect(sealed.join()).not.toContain('hunter2')
    expect(await box.open(sealed[0]!, 'a')).toBe('hunter2')
    expect(await box.open(await box.seal('', 'a'), 'a')).toBe('')
  })

  it('opens with an older key, and reports that the newest key did not seal the text', async () => {
    const sealed = await boxOf(OLD).seal('hunter2', 'a')
    const both = boxOf(NEW, OLD)
    expect([await both.open(sealed, 'a'), await both.isFresh(sealed)]).toEqual(['hunter2', false])
    expect(await both.isFresh(await both.seal('hunter2', 'a'))).toBe(true)
  })

  it('refuses a text that another key sealed, that was sealed for another owner, or that was changed', async () => {
    const box = boxOf(NEW)
    const sealed = await box.seal('hunter2', 'a')
    const wrong = { code: 'HMS_SECRETS_KEY_WRONG', message: expect.not.stringContaining('hunter2') }
    await expect(boxOf(OLD).open(sealed, 'a')).rejects.toMatchObject(wrong)
    await expect(box.open(sealed, 'b')).rejects.toMatchObject(wrong)
    for (let at = sealed.lastIndexOf('.') + 1; at < sealed.length - 1; at++) {
      const changed = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`
      await expect(box.open(changed, 'a')).rejects.toMatchObject(wrong)
    }
    for (const other of ['hunter2', '', 'sealed.v1.', `${sealed}.`, sealed.slice(0, -30)]) {
      await expect(box.open(other, 'a')).rejects.toMatchObject(wrong)
    }
  })

  it('seals nothing without a key, and explains how to make one', async () => {
    await expect(boxOf().seal('hunter2', 'a')).rejects.toMatchObject({ code: 'HMS_SECRETS_KEY_REQUIRED', status: 422 })
  })
})

describe('a stored partner', () => {
  it('contains no secret of any channel in the clear, and each channel opens for its own partner', async () => {
    const box = boxOf(NEW)
    const stored = await sealPartner(box, PARTNER)
    expect(JSON.stringify(stored)).not.toContain('hunter2')
    expect(await Promise.all(stored.channels.map((channel) => openChannel(box, 'va-deq', channel)))).toEqual(PARTNER.channels)
    await expect(openChannel(box, 'md-mde', stored.channels[0]!)).rejects.toMatchObject({ code: 'HMS_SECRETS_KEY_WRONG' })
  })

  it('is resealed with the newest key, once', async () => {
    const stored = await sealPartner(boxOf(OLD), PARTNER)
    const resealed = await resealPartner(boxOf(NEW, OLD), stored)
    expect(resealed).not.toBe(stored)
    expect(await openChannel(boxOf(NEW), 'va-deq', resealed.channels[0]!)).toEqual(PARTNER.channels[0])
    expect(await resealPartner(boxOf(NEW, OLD), resealed)).toBe(resealed)
    await expect(resealPartner(boxOf(NEW), stored)).rejects.toMatchObject({ code: 'HMS_SECRETS_KEY_WRONG' })
  })
})

describe('the file of keys', () => {
  const [one, two] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')]

  it('has a key in each line, the newest first', () => {
    expect(parseSecretKeys(`# ours\n${one}\r\n\n ${two}\n`)?.map(({ id }) => id)).toEqual(
      [one, two].map((text) => secretKey(Buffer.from(text, 'base64')).id),
    )
  })

  it.each(['', '# none', 'hunter2', one.slice(1), `${one} ${two}`, Array.from({ length: 9 }, () => one).join('\n')])(
    'cannot have any other content: %#',
    (text) => {
      expect(parseSecretKeys(text)).toBeUndefined()
    },
  )

  it('is read from the configured path, and refused if others can read it or it contains no key', async () => {
    const file = (name: string, text: string, mode = 0o600): string => {
      writeFileSync(join(folder, name), text)
      chmodSync(join(folder, name), mode)
      return join(folder, name)
    }
    const read = (secretsKeyFile: string) => readSecretKeys({ profile: 'production', secretsKeyFile, dataDir: folder })
    expect(await read(file('good', one))).toHaveLength(1)
    await expect(read(file('open', one, 0o644))).rejects.toMatchObject({ code: 'HMS_KEY_EXPOSED' })
    const wrong = { code: 'HMS_CONFIG_INVALID', message: expect.not.stringContaining('hunter2') }
    await expect(read(file('wrong', 'hunter2'))).rejects.toMatchObject(wrong)
    await expect(read(join(folder, 'none'))).rejects.toMatchObject(wrong)
  })

  it('is created in the data folder with profile dev, readable only by its owner, and then reused', async () => {
    const dataDir = join(folder, 'data')
    expect(await readSecretKeys({ profile: 'dev', dataDir })).toHaveLength(1)
    mkdirSync(join(dataDir, 'service-keys'), { recursive: true })
    const made = await readSecretKeys({ profile: 'dev', dataDir })
    const file = join(dataDir, 'service-keys', 'partner-secrets.key')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(parseSecretKeys(readFileSync(file, 'utf8'))).toMatchObject([{ id: made[0]!.id }])
    expect(await readSecretKeys({ profile: 'dev', dataDir })).toMatchObject([{ id: made[0]!.id }])
    expect(await readSecretKeys({ profile: 'production', dataDir })).toEqual([])
  })
})

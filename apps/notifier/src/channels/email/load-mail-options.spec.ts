import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { loadMailOptions } from './load-mail-options.js'

const folder = mkdtempSync(join(tmpdir(), 'hms-mail-'))
afterAll(() => rmSync(folder, { recursive: true }))

const relay = { host: 'relay.example', port: 587, isTls: false, requiresTls: true }
const usual = { relay, from: 'press@hms.example', caFile: undefined, dkimKeyFile: undefined, dkimSelector: 'hms' }

function file(name: string, text: string, mode = 0o600): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

const rsa = (modulusLength: number): string =>
  generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string

describe('loadMailOptions', () => {
  it('reads the authority of the relay and the DKIM key', async () => {
    const key = rsa(2048)
    const opened = await loadMailOptions({ ...usual, caFile: file('ca.pem', 'an authority', 0o644), dkimKeyFile: file('dkim.pem', key) })
    expect(opened).toMatchObject({ relay: { ...relay, ca: 'an authority' }, dkim: { domain: 'hms.example', selector: 'hms', key } })
    expect(await loadMailOptions(usual)).toEqual({ relay, from: usual.from })
  })

  it.each([
    ['a file that is not there', () => ({ caFile: join(folder, 'none') }), 'HMS_CONFIG_INVALID', 'HMS_NOTIFIER_SMTP_CA'],
    ['no key', () => ({ dkimKeyFile: file('no-key', 'hunter2') }), 'HMS_CONFIG_INVALID', 'HMS_NOTIFIER_DKIM_KEY_FILE'],
    ['a short key', () => ({ dkimKeyFile: file('short', rsa(1024)) }), 'HMS_CONFIG_INVALID', '2048 bits'],
    ['a key that others can read', () => ({ dkimKeyFile: file('open', rsa(2048), 0o644) }), 'HMS_KEY_EXPOSED', 'open'],
  ])('refuses %s without repeating its content', async (_, changes, code, text) => {
    const refusal = await loadMailOptions({ ...usual, ...changes() }).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code, message: expect.stringContaining(text) })
    expect(String((refusal as Error).message)).not.toContain('hunter2')
  })
})

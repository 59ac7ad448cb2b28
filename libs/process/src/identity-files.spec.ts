import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readHostConfig } from './host.config.js'
import { databaseUrl, readNamedSigner, readRosterFile, readServiceSigner } from './identity-files.js'

let dataDir: string
beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'hms-identity-'))
})
afterAll(() => rmSync(dataDir, { recursive: true }))

describe('a missing file of an identity', () => {
  const signerOf = (env: Record<string, string>) => readServiceSigner('linter', readHostConfig(env), env)
  it.each<[string, string, (env: Record<string, string>) => Promise<unknown>]>([
    ['roster', 'HMS_ROSTER', (env) => readRosterFile(readHostConfig(env))],
    ['service key', 'HMS_LINTER_KEY_FILE', signerOf],
    ['witness key', 'HMS_WITNESS_KEY_FILE', (env) => readNamedSigner('witness', readHostConfig(env), env)],
  ])('is reported with the variable that sets its path: %s', async (_what, variable, read) => {
    const env = { HMS_PROFILE: 'dev', HMS_DATA_DIR: dataDir, [variable]: join(dataDir, 'nowhere') }
    const expected = {
      code: 'HMS_IDENTITY_MISSING',
      detail: expect.stringMatching(new RegExp(`nowhere cannot .*; ${variable} sets its path\\.$`)),
    }
    await expect(read(env)).rejects.toMatchObject(expected)
  })

  it.each<[string, string, string, (env: Record<string, string>) => Promise<unknown>]>([
    ['a roster that is not JSON', 'HMS_ROSTER', 'HMS_IDENTITY_MISSING', (env) => readRosterFile(readHostConfig(env))],
    ['a roster without signatures', 'HMS_ROSTER', 'HMS_SIGNATURE_MALFORMED', (env) => readRosterFile(readHostConfig(env))],
    ['a key of another kind', 'HMS_LINTER_KEY_FILE', 'HMS_IDENTITY_MISSING', signerOf],
  ])('is reported as a missing one is, with another command than migrate: %s', async (what, variable, code, read) => {
    const file = join(dataDir, 'other')
    writeFileSync(file, what.includes('signatures') ? '{}' : 'none', { mode: 0o600 })
    const detail = expect.stringMatching(new RegExp(`other cannot be used: .*; ${variable} sets its path\\.$`)) as string
    const env = { HMS_PROFILE: 'production', [variable]: file }
    await expect(read(env)).rejects.toMatchObject({ code, detail, steps: [{ command: 'hms-svc help environment' }] })
  })

  it.each<[string, string, (env: Record<string, string>) => Promise<unknown>]>([
    ['roster.json', 'the roster', (env) => readRosterFile(readHostConfig(env))],
    ['service-keys/linter.pem', 'the key of a service', signerOf],
  ])('of the data folder is reported with HMS_DATA_DIR: %s', async (file, _what, read) => {
    const detail = expect.stringMatching(new RegExp(`${file} cannot .*; HMS_DATA_DIR sets its path\\.$`)) as string
    await expect(read({ HMS_PROFILE: 'dev', HMS_DATA_DIR: dataDir })).rejects.toMatchObject({ code: 'HMS_IDENTITY_MISSING', detail })
  })
})

describe('databaseUrl', () => {
  const file = (): string => join(dataDir, 'password')
  const read = (url: string | undefined): Promise<string | undefined> => {
    const env = { ...(url === undefined ? {} : { HMS_DATABASE_URL: url }), HMS_DATABASE_PASSWORD_FILE: file() }
    return databaseUrl(readHostConfig(env))
  }

  it('adds the password of the file, percent-encoded and without its line end', async () => {
    writeFileSync(file(), 'p@:/%#?&w\r\n')
    const url = 'postgres://hms@db.example:5432/hms?sslmode=verify-full&sslrootcert=/etc/ca.crt'
    expect(await read(url)).toBe(url.replace('hms@', 'hms:p%40%3A%2F%25%23%3F%26w@'))
    expect(await read(undefined)).toBeUndefined()
    expect(await databaseUrl(readHostConfig({ HMS_DATABASE_URL: 'postgres://hms:a@db/hms' }))).toBe('postgres://hms:a@db/hms')
  })

  it('refuses a URL with a password or without a user, and an empty file', async () => {
    for (const url of ['postgres://hms:secret@db/hms', 'postgres://db/hms'])
      await expect(read(url)).rejects.toMatchObject({ code: 'HMS_CONFIG_INVALID', detail: expect.not.stringContaining('secret') })
    writeFileSync(file(), '\n')
    await expect(read('postgres://hms@db/hms')).rejects.toMatchObject({ code: 'HMS_CONFIG_INVALID' })
  })
})

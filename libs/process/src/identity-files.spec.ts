import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readHostConfig } from './host.config.js'
import { readNamedSigner, readRosterFile, readServiceSigner } from './identity-files.js'

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

  it.each<[string, string, (env: Record<string, string>) => Promise<unknown>]>([
    ['roster.json', 'the roster', (env) => readRosterFile(readHostConfig(env))],
    ['service-keys/linter.pem', 'the key of a service', signerOf],
  ])('of the data folder is reported with HMS_DATA_DIR: %s', async (file, _what, read) => {
    const detail = expect.stringMatching(new RegExp(`${file} cannot .*; HMS_DATA_DIR sets its path\\.$`)) as string
    await expect(read({ HMS_PROFILE: 'dev', HMS_DATA_DIR: dataDir })).rejects.toMatchObject({ code: 'HMS_IDENTITY_MISSING', detail })
  })
})

import { createDemoIdentity } from '#libs/client'
import {
  demoRoster,
  formatAddCheckpoint,
  formatCheckpoint,
  generateKeyPair,
  localSigner,
  publicKeyFromRaw,
  readVkey,
  signNote,
  signRoster,
  type KeyPair,
  type RosterPredicate,
} from '#libs/signing'
import { HttpWitness } from '#libs/witness'
import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { serveWitness } from './serve-witness.js'

let data: string
let env: Record<string, string>
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'hms-serve-witness-'))
  await createDemoIdentity(data, [])
  env = { HMS_PROFILE: 'dev', HMS_DATA_DIR: data, HMS_WITNESS_PORT: '0', HMS_LOG_LEVEL: 'silent' }
})
afterAll(() => rmSync(data, { recursive: true }))

const serve = async (more: Record<string, string> = {}) => {
  const served = await serveWitness({ ...env, ...more })
  onTestFinished(() => served.stop())
  return served
}
const strangerKey = (): string => {
  const file = join(data, 'stranger.pem')
  writeFileSync(file, generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
  return file
}

describe('serveWitness', () => {
  it('returns 404 for a log that its roster does not name, and 403 for an invalid signature of the named log', async () => {
    const { port } = await serve()
    const link = new HttpWitness(
      { name: 'any', id: '00000000', type: 4, key: publicKeyFromRaw(Buffer.alloc(32, 1)) },
      `http://127.0.0.1:${port}`,
    )
    const checkpoint = (origin: string): string => `old 0\n\n${origin}\n1\n${'A'.repeat(43)}=\n\n— ${origin} AAAAAAAA\n`
    expect(await link.addCheckpoint(checkpoint('example.org/log'))).toMatchObject({ status: 404 })
    expect(await link.addCheckpoint(checkpoint('hms-svc.dev/audit'))).toMatchObject({ status: 403 })
  })

  it('reads a replaced roster file when a checkpoint is signed with the new key of the log', async () => {
    const [chief, counsel, operator, log, renewed, witness] = Array.from({ length: 6 }, generateKeyPair) as [
      KeyPair,
      KeyPair,
      KeyPair,
      KeyPair,
      KeyPair,
      KeyPair,
    ]
    const people = [
      { name: 'EPA Chief', spki: chief.spki },
      { name: 'EPA Counsel', spki: counsel.spki },
    ]
    const rosterOf = ({ spki }: KeyPair): RosterPredicate =>
      demoRoster({ people, services: [], operator, log: { spki, witness: witness.spki }, expires: '2036-01-01T00:00:00Z' })
    const [file, keyFile] = [join(data, 'watched.json'), join(data, 'watching.pem')]
    const put = async (roster: RosterPredicate) =>
      writeFileSync(
        file,
        JSON.stringify(
          await signRoster(
            roster,
            [chief, counsel].map(({ privateKey }) => localSigner(privateKey)),
          ),
        ),
      )
    const checkpoint = async (old: number, by: KeyPair) => {
      const key = readVkey(rosterOf(by).log!)
      return formatAddCheckpoint({
        old,
        path: [],
        checkpoint: await signNote(
          formatCheckpoint({ origin: key.name, size: 1, root: Buffer.alloc(32, 7) }),
          key,
          localSigner(by.privateKey),
        ),
      })
    }
    await put(rosterOf(log))
    writeFileSync(keyFile, witness.privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 })
    const { port } = await serve({ HMS_ROSTER: file, HMS_WITNESS_KEY_FILE: keyFile, HMS_WITNESS_DIR: join(data, 'watching') })
    const link = new HttpWitness(readVkey(rosterOf(log).witnesses![0]!), `http://127.0.0.1:${port}`)
    expect((await link.addCheckpoint(await checkpoint(0, log))).status).toBe(200)
    expect((await link.addCheckpoint(await checkpoint(1, renewed))).status).toBe(403)
    await put({ ...rosterOf(renewed), version: 2 })
    // The witness reads the file at most once a second.
    await expect
      .poll(async () => (await link.addCheckpoint(await checkpoint(1, renewed))).status, { timeout: 10_000, interval: 200 })
      .toBe(200)
    expect((await link.addCheckpoint(await checkpoint(1, log))).status).toBe(403)
  })

  it('locks its folder while it runs, and releases the lock when it stops', async () => {
    const dir = join(data, 'own')
    const first = await serveWitness({ ...env, HMS_WITNESS_DIR: dir })
    await expect(serveWitness({ ...env, HMS_WITNESS_DIR: dir })).rejects.toMatchObject({ code: 'HMS_DATA_FOLDER_IN_USE', status: 409 })
    await first.stop()
    await serve({ HMS_WITNESS_DIR: dir })
  })

  it.each<[string, string, () => Record<string, string>]>([
    ['a folder that cannot be one', 'HMS_WITNESS_FOLDER', () => ({ HMS_WITNESS_DIR: join(data, 'roster.json') })],
    ['a folder that cannot be made', 'HMS_WITNESS_FOLDER', () => ({ HMS_WITNESS_DIR: join(data, 'roster.json', 'below') })],
    ['a memory that it cannot write', 'HMS_WITNESS_FOLDER', () => ({ HMS_WITNESS_DIR: withBlockedFile() })],
    ['a memory that is damaged', 'HMS_WITNESS_FOLDER', () => ({ HMS_WITNESS_DIR: withDamagedMemory() })],
    ['a key that the roster does not name', 'HMS_IDENTITY_MISMATCH', () => ({ HMS_WITNESS_KEY_FILE: strangerKey() })],
    ['a key that is not there', 'HMS_IDENTITY_MISSING', () => ({ HMS_WITNESS_KEY_FILE: join(data, 'nowhere.pem') })],
    ['no port', 'HMS_CONFIG_INVALID', () => ({ HMS_WITNESS_PORT: 'many' })],
    ['no roster in production', 'HMS_ROSTER_REQUIRED', () => ({ HMS_PROFILE: 'production' })],
    ['a demo roster in production', 'HMS_ROSTER_DEMO', () => ({ HMS_PROFILE: 'production', HMS_ROSTER: join(data, 'roster.json') })],
  ])('does not start with %s', async (_what, code, more) => {
    await expect(serveWitness({ ...env, ...more() })).rejects.toMatchObject({ code })
  })

  it('does not start on a port in use, and then releases its folder', async () => {
    const { port } = await serve()
    const dir = join(data, 'other')
    await expect(serveWitness({ ...env, HMS_WITNESS_DIR: dir, HMS_WITNESS_PORT: String(port) })).rejects.toMatchObject({
      code: 'HMS_PORT_IN_USE',
      status: 409,
    })
    await serve({ HMS_WITNESS_DIR: dir })
  })

  it('does not start on an address of another machine, and does not blame its folder', async () => {
    await expect(serveWitness({ ...env, HMS_HOST: '192.0.2.1', HMS_WITNESS_DIR: join(data, 'away') })).rejects.toMatchObject({
      code: 'HMS_PORT_REFUSED',
      status: 400,
      detail: 'Port 0 of 192.0.2.1 cannot be used (EADDRNOTAVAIL).',
    })
  })
})

/** Creates a folder in place of the file: file permissions would not stop root from writing. */
function withBlockedFile(): string {
  const dir = join(data, 'blocked')
  mkdirSync(join(dir, 'seen.json'), { recursive: true })
  return dir
}

function withDamagedMemory(): string {
  const dir = join(data, 'damaged')
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, 'seen.json'), readFileSync(join(data, 'roster.json')).subarray(0, 10))
  return dir
}

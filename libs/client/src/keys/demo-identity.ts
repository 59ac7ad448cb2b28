import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DEMO_PEOPLE, demoRoster, generateKeyPair, signRoster, spkiOf } from '#libs/signing'
import { publishOnce, readIfThere, readPrivateIfThere } from './files.js'
import { dataFolderPassphrase, KeyFolder } from './key-folder.js'
import { readPlainKey } from './private-key.js'
import { AUDIT_LOG, OPERATOR, rosterFile, secretsKeyFile, serviceKeyFile, serviceKeysDir, WITNESS } from './identity.js'

const TEN_YEARS_MS = 10 * 365 * 86_400_000

/**
 * Creates the keys that profile `dev` needs, then the roster, signed by the people. Does nothing if a roster exists. Needs no lock: each
 * file is published atomically and never replaced. So concurrent processes get one identity, and a later process completes a partial one.
 */
export async function createDemoIdentity(dataDir: string, services: readonly string[], now = new Date()): Promise<void> {
  if ((await readIfThere(rosterFile(dataDir))) !== undefined) return
  const keysDir = join(dataDir, 'keys')
  await mkdir(keysDir, { recursive: true, mode: 0o700 })
  await mkdir(serviceKeysDir(dataDir), { recursive: true, mode: 0o700 })
  const passphrase = await ensurePassphrase(keysDir)
  const folder = new KeyFolder(keysDir)
  // In parallel, because four key derivations of 600,000 rounds on the thread pool take the time of one or two.
  const people = await Promise.all(DEMO_PEOPLE.map((name) => folder.ensure(name, passphrase)))
  const roster = demoRoster({
    people: people.map(({ signer, spki }) => ({ name: signer.name, spki })),
    services: await Promise.all(services.map(async (name) => ({ name, spki: await ensureServiceKey(dataDir, name) }))),
    operator: { spki: await ensureServiceKey(dataDir, OPERATOR) },
    log: { spki: await ensureServiceKey(dataDir, AUDIT_LOG), witness: await ensureServiceKey(dataDir, WITNESS) },
    expires: new Date(now.getTime() + TEN_YEARS_MS).toISOString(),
  })
  await publishOnce(secretsKeyFile(dataDir), `${randomBytes(32).toString('base64')}\n`, 0o600)
  const envelope = await signRoster(
    roster,
    people.map(({ signer }) => signer),
  )
  await publishOnce(rosterFile(dataDir), `${JSON.stringify(envelope)}\n`, 0o644)
}

async function ensurePassphrase(keysDir: string): Promise<string> {
  const passphrase = randomBytes(24).toString('base64url')
  const published = await publishOnce(join(keysDir, 'passphrase'), `${passphrase}\n`, 0o600)
  return published ? passphrase : ((await dataFolderPassphrase(keysDir)) ?? '')
}

/** Creates the key if there is none. Returns the public key, SPKI in base64. */
async function ensureServiceKey(dataDir: string, name: string): Promise<string> {
  const file = serviceKeyFile(dataDir, name)
  const { privateKey, spki } = generateKeyPair()
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  if (await publishOnce(file, pem, 0o600)) return spki
  return spkiOf(readPlainKey((await readPrivateIfThere(file)) ?? ''))
}

import { createHash, createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import { existsSync } from 'node:fs'
import { link, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PRODUCT, HmsError } from '#libs/contracts'
import { readGivenFile, requirePrivate } from '#libs/files'
import { describeError } from '#libs/platform'
import type { NotifierConfig } from '../notifier.config.js'

/** Key that seals stored secrets. `id`: name of the key, part of every text it sealed. */
export interface SecretKey {
  id: string
  key: KeyObject
}

type SecretKeySource = Pick<NotifierConfig, 'profile' | 'secretsKeyFile' | 'dataDir'>

const VARIABLE = 'HMS_NOTIFIER_SECRETS_KEY_FILE'
const KEY_BYTES = 32
const MAX_KEYS = 8
const MAX_FILE_BYTES = 64 * 1024

/** Parses one key per line, each base64 of 32 bytes. The first key seals; the others open older secrets. `undefined` for any other text. */
export function parseSecretKeys(text: string): SecretKey[] | undefined {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (lines.length === 0 || lines.length > MAX_KEYS) return undefined
  const keys = lines.map((line) => Buffer.from(line, 'base64'))
  // Buffer skips characters outside base64; only re-encoding shows whether it skipped any.
  if (keys.some((bytes, index) => bytes.length !== KEY_BYTES || bytes.toString('base64') !== lines[index])) return undefined
  return keys.map(secretKey)
}

export function secretKey(bytes: Buffer): SecretKey {
  return {
    id: createHash('sha256').update(`${PRODUCT} secret key\n`).update(bytes).digest('hex').slice(0, 16),
    key: createSecretKey(bytes),
  }
}

/**
 * Reads the configured key file. Without one, profile dev uses a file in the data folder, created at first use; if there is no data folder,
 * no secret outlives the process, so its key is temporary. In production without a file there is no key: partners with secrets are refused.
 */
export async function readSecretKeys({ profile, secretsKeyFile, dataDir }: SecretKeySource): Promise<SecretKey[]> {
  if (secretsKeyFile !== undefined) return readKeyFile(secretsKeyFile)
  if (profile !== 'dev') return []
  const folder = join(dataDir, 'service-keys')
  if (!existsSync(folder)) return [secretKey(randomBytes(KEY_BYTES))]
  const file = join(folder, 'partner-secrets.key')
  await makeKeyFile(file)
  return readKeyFile(file)
}

/** Creates the key file atomically unless it exists: of two processes the first one's key stays, and none reads a partial file. */
async function makeKeyFile(file: string): Promise<void> {
  if (existsSync(file)) return
  const staged = `${file}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeFile(staged, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { flag: 'wx', mode: 0o600 })
    await link(staged, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw invalid(`${file} cannot be made (${describeError(error)})`)
  } finally {
    await rm(staged, { force: true })
  }
}

async function readKeyFile(file: string): Promise<SecretKey[]> {
  const found = await readGivenFile(file, MAX_FILE_BYTES).catch((error: unknown) => {
    throw invalid(`${file} cannot be read (${describeError(error)}); ${VARIABLE} names it`)
  })
  requirePrivate(file, found)
  const keys = parseSecretKeys(found.bytes.toString('utf8'))
  if (keys === undefined) throw invalid(`${file} must have a key in each line, the base64 of ${KEY_BYTES} bytes, ${MAX_KEYS} at most`)
  return keys
}

function invalid(detail: string): HmsError {
  return new HmsError('HMS_CONFIG_INVALID', `${detail}.`, {
    status: 400,
    errors: [{ pointer: VARIABLE, detail }],
    next: ['openssl rand -base64 32 >FILE && chmod 600 FILE'],
  })
}

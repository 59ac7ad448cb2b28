import { HmsError, type ServiceName } from '#libs/contracts'
import { readGivenFile, readGivenText, requirePrivate } from '#libs/files'
import { configInvalid, describeError, type Environment } from '#libs/platform'
import { localSigner, readRoster, type Roster, SignatureError, type Signer } from '#libs/signing'
import { createPrivateKey } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { variableOf, type HostConfig } from './host.config.js'

/** Names of the keys that belong to no service: the key of the transparency log and the key of its witness. */
export type KeyName = 'audit-log' | 'witness'

/** Size limit of a roster file and of a key file; keys are far smaller. */
const MAX_BYTES = 4 * 1024 * 1024

/** Reads the roster that this process trusts: the file of `HMS_ROSTER`, else with profile dev the data folder's roster. */
export async function readRosterFile(config: HostConfig): Promise<Roster> {
  const file = config.roster ?? (config.profile === 'dev' ? join(config.dataDir, 'roster.json') : undefined)
  if (file === undefined)
    throw configInvalid('A production process needs a pinned roster: set HMS_ROSTER to its file.', { code: 'HMS_ROSTER_REQUIRED' })
  const variable = config.roster === undefined ? 'HMS_DATA_DIR' : 'HMS_ROSTER'
  const roster = await naming(file, variable, async () =>
    readRoster(JSON.parse((await readGivenFile(file, MAX_BYTES)).bytes.toString('utf8'))),
  )
  if (config.profile === 'production' && roster.profile === 'demo')
    throw configInvalid(`${file} is a demo roster; its keys lie in a data folder and count for nothing in production.`, {
      code: 'HMS_ROSTER_DEMO',
    })
  return roster
}

/** Reads the service's signing key: the file of `HMS_<SERVICE>_KEY_FILE`, else with profile dev the data folder's key. */
export async function readServiceSigner(service: ServiceName, config: HostConfig, env: Environment): Promise<Signer> {
  const variable = variableOf(service, 'KEY_FILE')
  const file = env[variable] || (config.profile === 'dev' ? keyIn(config, service) : undefined)
  if (file === undefined)
    throw configInvalid(`${service} needs its signing key: set ${variable} to a PKCS#8 file.`, { code: 'HMS_SERVICE_KEY_REQUIRED' })
  return readSigner(file, env[variable] ? variable : 'HMS_DATA_DIR')
}

function keyIn({ dataDir }: HostConfig, name: ServiceName | KeyName): string {
  return join(dataDir, 'service-keys', `${name}.pem`)
}

const NAMED_KEY_FILES: Record<KeyName, string> = { 'audit-log': 'HMS_TRANSPARENCY_LOG_KEY_FILE', witness: 'HMS_WITNESS_KEY_FILE' }

/**
 * Reads the key of the transparency log or of its witness: the file of `HMS_TRANSPARENCY_LOG_KEY_FILE` or `HMS_WITNESS_KEY_FILE`, else with
 * profile dev the data folder's key. Returns `undefined` if there is none.
 */
export async function readNamedSigner(name: KeyName, config: HostConfig, env: Environment): Promise<Signer | undefined> {
  const variable = NAMED_KEY_FILES[name]
  const named = env[variable]
  if (named !== undefined && named !== '') return readSigner(named, variable)
  const file = keyIn(config, name)
  return config.profile === 'dev' && existsSync(file) ? readSigner(file, 'HMS_DATA_DIR') : undefined
}

/** Reads a key. Throws `HMS_KEY_EXPOSED` if other users can read the file, because a reader of the key can sign for the service. */
async function readSigner(file: string, variable: string): Promise<Signer> {
  const key = await naming(file, variable, () => readGivenFile(file, MAX_BYTES))
  requirePrivate(file, key) // guard: key-exposed
  return naming(file, variable, async () => localSigner(createPrivateKey(key.bytes)))
}

/** Returns HMS_DATABASE_URL, with the password of the file HMS_DATABASE_PASSWORD_FILE, which may contain any character. */
export async function databaseUrl({ databaseUrl: url, databasePasswordFile: file }: HostConfig): Promise<string | undefined> {
  if (url === undefined || file === undefined) return url
  const [, user, rest] = /^(\w+:\/\/[^:@/?#]+)(@.+)$/.exec(url) ?? []
  const password = (await readGivenText(file, MAX_BYTES)).replace(/\r?\n$/, '')
  if (user !== undefined && password !== '') return `${user}:${encodeURIComponent(password)}${rest}`
  const detail = `HMS_DATABASE_PASSWORD_FILE needs a password in ${file}, and HMS_DATABASE_URL=postgres://USER@HOST/NAME without one.`
  throw configInvalid(detail)
}

/** Reads or parses a file; an error names the file, and the variable that sets its path. */
async function naming<T>(file: string, variable: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    const [code, status] = error instanceof SignatureError ? [error.code, 422] : ['HMS_IDENTITY_MISSING', 400]
    const why = describeError(error)
    const detail = `${why.startsWith(file) ? why : `${file} cannot be used: ${why}`}; ${variable} sets its path.`
    const next = [variable === 'HMS_DATA_DIR' ? 'hms-svc migrate' : 'hms-svc help environment']
    throw new HmsError(code, detail, { status, cause: error, next })
  }
}

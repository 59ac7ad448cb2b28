import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { HmsError, isObject, readBytes, type JsonObject } from '#libs/contracts'
import { exposedTo, readGivenFile as read, readGivenText as readText, utf8Text } from '#libs/files'
import type { CliContext } from './context.js'
import { usageError } from './errors.js'
import type { Output } from './output/output.js'

/** Size limit of a policy, bot, scenario, schema or partner; a corpus may be larger. */
export const MAX_FILE_BYTES = 256 * 1024
const MAX_SECRET_BYTES = 64 * 1024

/** Reads a file named by the user, exit 2 on failure. Throws the errors of `readGivenFile` in libs/files. */
export async function readGivenFile(file: string, maxBytes = MAX_FILE_BYTES): Promise<Buffer> {
  return (await read(file, maxBytes)).bytes
}

/** Reads a file as text; a leading UTF-8 byte order mark is dropped. */
export function readGivenText(file: string, maxBytes = MAX_FILE_BYTES): Promise<string> {
  return readText(file, maxBytes)
}

/** Returns the folder of what this machine remembers: the data folder, which only `dev` creates, else the user's own. */
export function memoryFolder(dataDir: string): string {
  return existsSync(dataDir) ? dataDir : join(homedir(), '.config', 'hms-svc')
}

const FETCH_MS = 30_000
const MAX_REDIRECTS = 5

/** Reads a document by its path, or by its https address with the digest of its content. Throws 409 `HMS_DOCUMENT_DIGEST`. */
export async function readDocument(context: CliContext, place: string, digest?: string, maxBytes = MAX_FILE_BYTES): Promise<string> {
  const isAddress = /^[a-z][a-z\d+.-]*:\/\//i.test(place)
  if (isAddress && digest === undefined) throw usageError(`${place} needs --digest sha256:HEX, the digest of its content`)
  const signal = AbortSignal.timeout(context.options.timeout ?? FETCH_MS)
  const bytes = isAddress ? await fetchBytes(place, maxBytes, signal).catch(unreachable) : await readGivenFile(place, maxBytes)
  const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  if ((digest ?? found).toLowerCase() === found) return utf8Text(place, bytes) // guard: document-digest
  throw new HmsError('HMS_DOCUMENT_DIGEST', `${place} is ${found}, not ${digest}; nothing is registered`, { status: 409 })
}

async function fetchBytes(address: string, maxBytes: number, signal: AbortSignal, redirects = 0): Promise<Uint8Array> {
  const url = URL.canParse(address) ? new URL(address) : undefined
  // guard: document-https
  if (url?.protocol !== 'https:' || url.username !== '') throw usageError(`${address} is no https address, or names a user`)
  const response = await fetch(url, { redirect: 'manual', signal })
  if (response.ok) return readBytes(response.body, maxBytes)
  await response.body?.cancel()
  const target = response.headers.get('location')
  if (target === null || redirects === MAX_REDIRECTS) throw new Error(`the server answers ${response.status}`)
  return fetchBytes(new URL(target, url).href, maxBytes, signal, redirects + 1)
}

function unreachable(error: Error): never {
  if (error instanceof HmsError) throw error
  const { message } = (error.cause ?? error) as Error
  throw new HmsError('HMS_DOCUMENT_UNREACHABLE', `The address cannot be read: ${message}`, { status: 503, cause: error })
}

/** Reads a passphrase or a partner's secret without the line end. Warns in every mode if other users can read the file. */
export async function readGivenSecret(file: string, output: Output): Promise<string> {
  const { bytes, ...access } = await read(file, MAX_SECRET_BYTES)
  const others = exposedTo(access)
  if (others !== undefined) output.error(`! ${file} contains a secret, but is open to ${others}: chmod 600 ${file}`)
  return utf8Text(file, bytes).replace(/\r?\n$/, '')
}

/** Reads a YAML or JSON file whose root is a map. */
export async function readYamlMap(file: string): Promise<JsonObject> {
  const text = await readGivenText(file)
  const { parse } = await import('yaml')
  let value: unknown
  try {
    value = parse(text)
  } catch (error) {
    throw usageError(`${file} is not YAML or JSON: ${(error as Error).message.split('\n')[0]}`)
  }
  if (!isObject(value)) throw usageError(`${file} must hold a map of keys and values`)
  return value as JsonObject
}

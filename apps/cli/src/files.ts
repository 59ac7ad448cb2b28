import { isObject, type JsonObject } from '#libs/contracts'
import { exposedTo, readGivenFile as read, readGivenText as readText } from '#libs/files'
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

/** Reads a passphrase or a partner's secret without the line end. Warns in every mode if other users can read the file. */
export async function readGivenSecret(file: string, output: Output): Promise<string> {
  const { bytes, ...access } = await read(file, MAX_SECRET_BYTES)
  const others = exposedTo(access)
  if (others !== undefined) output.error(`! ${file} contains a secret, but is open to ${others}: chmod 600 ${file}`)
  return new TextDecoder('utf-8').decode(bytes).replace(/\r?\n$/, '')
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

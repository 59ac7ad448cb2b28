import { exposedTo, readGivenFile as read, readGivenText as readText } from '#libs/files'
import type { Output } from './output/output.js'

/** Bound on a policy, bot, scenario, schema or partner; a corpus may be larger. */
export const MAX_FILE_BYTES = 256 * 1024
const MAX_SECRET_BYTES = 64 * 1024

/** Reads a file that a user named, exit 2 where it cannot. Throws what `readGivenFile` of libs/files throws. */
export async function readGivenFile(file: string, maxBytes = MAX_FILE_BYTES): Promise<Buffer> {
  return (await read(file, maxBytes)).bytes
}

/** The same as text; a UTF-8 mark at its head is dropped. */
export function readGivenText(file: string, maxBytes = MAX_FILE_BYTES): Promise<string> {
  return readText(file, maxBytes)
}

/** A passphrase or a partner's secret, without the line end. Where others can read it, that is said, also with --json and --quiet. */
export async function readGivenSecret(file: string, output: Output): Promise<string> {
  const { bytes, ...access } = await read(file, MAX_SECRET_BYTES)
  const whom = exposedTo(access)
  if (whom !== undefined) output.error(`! ${file} is open to ${whom}, and holds a secret: chmod 600 ${file}`)
  return new TextDecoder('utf-8').decode(bytes).replace(/\r?\n$/, '')
}

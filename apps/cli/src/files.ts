import { readFile, stat } from 'node:fs/promises'
import { HmsError } from '#libs/contracts'

/** Bound on a policy, bot, scenario, schema or partner; a corpus may be larger. Contract §1. */
export const MAX_FILE_BYTES = 256 * 1024

/** Reads a file that a user named. `HMS_CLI_FILE_UNREADABLE` or `HMS_CLI_FILE_TOO_LARGE`, exit 2. */
export async function readGivenFile(file: string, maxBytes = MAX_FILE_BYTES): Promise<Buffer> {
  let content: Buffer
  try {
    const found = await stat(file)
    if (found.size > maxBytes) throw tooLarge(file, maxBytes)
    content = await readFile(file)
  } catch (error) {
    if (error instanceof HmsError) throw error
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message
    throw new HmsError('HMS_CLI_FILE_UNREADABLE', `${file} cannot be read: ${reason}`, { status: 400 })
  }
  // A pipe or device has no size beforehand.
  if (content.length > maxBytes) throw tooLarge(file, maxBytes)
  return content
}

/** The same as text; a UTF-8 mark at its head is dropped. */
export async function readGivenText(file: string, maxBytes = MAX_FILE_BYTES): Promise<string> {
  return new TextDecoder('utf-8').decode(await readGivenFile(file, maxBytes))
}

function tooLarge(file: string, maxBytes: number): HmsError {
  return new HmsError('HMS_CLI_FILE_TOO_LARGE', `${file} is larger than ${maxBytes / 1024} KiB`, { status: 400 })
}

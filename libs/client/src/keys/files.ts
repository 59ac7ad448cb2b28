import { link, readdir, rm } from 'node:fs/promises'
import { HmsError } from '#libs/contracts'
import { codeOf, readGivenFile, requirePrivate, stageFile, type GivenFile } from '#libs/files'

/** Size limit of a file, far above the disk copy of a bot that follows every policy; other files are small. */
const MAX_BYTES = 64 * 1024 * 1024
/** Size limit of a key or passphrase; an encrypted key takes about 350 bytes. */
const MAX_SECRET_BYTES = 64 * 1024

/** Publishes a file by one `link`: no reader sees a part of the file, and one writer wins. Returns `false` if the name is taken. */
export async function publishOnce(path: string, content: string, mode: number): Promise<boolean> {
  const staged = await stageFile(path, content, mode)
  try {
    await link(staged, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(staged, { force: true })
  }
}

/** Returns the text of a file, or undefined if it does not exist. Throws the errors of `readGivenFile`. */
export async function readIfThere(path: string): Promise<string | undefined> {
  return (await fileIfThere(path, MAX_BYTES))?.bytes.toString('utf8')
}

/** Returns a key or stored passphrase; undefined if the file does not exist. Throws `HMS_KEY_EXPOSED` and errors of `readGivenFile`. */
export async function readPrivateIfThere(path: string): Promise<string | undefined> {
  const file = await fileIfThere(path, MAX_SECRET_BYTES)
  if (file !== undefined) requirePrivate(path, file)
  return file?.bytes.toString('utf8')
}

/** Returns the names in a folder; none if it does not exist. */
export async function namesIn(dir: string): Promise<string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw error
  }
}

async function fileIfThere(path: string, maxBytes: number): Promise<GivenFile | undefined> {
  try {
    return await readGivenFile(path, maxBytes)
  } catch (error) {
    if (error instanceof HmsError && ['ENOENT', 'ENOTDIR'].includes(codeOf(error.cause) ?? '')) return undefined
    throw error
  }
}

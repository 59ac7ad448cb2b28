import { link, rm } from 'node:fs/promises'
import { HmsError } from '#libs/contracts'
import { readGivenFile, requirePrivate, stageFile, type GivenFile } from '#libs/files'

/** Far above what a bot that lives by every policy keeps; the rest of these files is small. */
const MAX_BYTES = 64 * 1024 * 1024
/** An encrypted key takes some 350 bytes. */
const MAX_SECRET_BYTES = 64 * 1024

/**
 * Puts a whole file under a name that must be free: false when it was taken. The link is what makes it atomic: no
 * reader sees half a file, of two writers one wins, and one that dies leaves the name free.
 */
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

/** The text of a file, or undefined when there is none. Throws what `readGivenFile` throws. */
export async function readIfThere(path: string): Promise<string | undefined> {
  return (await fileIfThere(path, MAX_BYTES))?.bytes.toString('utf8')
}

/** The same of a private key, or of a passphrase that lies beside its keys: `HMS_KEY_EXPOSED` where others can read it. */
export async function readPrivateIfThere(path: string): Promise<string | undefined> {
  const file = await fileIfThere(path, MAX_SECRET_BYTES)
  if (file !== undefined) requirePrivate(path, file)
  return file?.bytes.toString('utf8')
}

async function fileIfThere(path: string, maxBytes: number): Promise<GivenFile | undefined> {
  try {
    return await readGivenFile(path, maxBytes)
  } catch (error) {
    if (error instanceof HmsError && ['ENOENT', 'ENOTDIR'].includes(codeOf(error.cause) ?? '')) return undefined
    throw error
  }
}

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code
}

import { randomBytes } from 'node:crypto'
import { link, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { HmsError } from '#libs/contracts'
import { readGivenFile, requirePrivate, type GivenFile } from '#libs/files'

/** Far above what a bot that lives by every policy keeps; the rest of these files is small. */
const MAX_BYTES = 64 * 1024 * 1024
/** An encrypted key takes some 350 bytes. */
const MAX_SECRET_BYTES = 64 * 1024

/**
 * Puts a whole file under a name that must be free: false when it was taken. The link is what makes it atomic: no
 * reader sees half a file, of two writers one wins, and one that dies leaves the name free.
 */
export async function publishOnce(path: string, content: string, mode: number): Promise<boolean> {
  const staged = await stage(path, content, mode)
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

/** Puts a whole file under a name, in place of what was there; it is on the disk, under that name, when this resolves. */
export async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const staged = await stage(path, content, mode)
  try {
    await rename(staged, path)
  } catch (error) {
    await rm(staged, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/** Windows cannot open a folder, and needs no such thing. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
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

async function stage(path: string, content: string, mode: number): Promise<string> {
  const staged = `${path}.${randomBytes(6).toString('hex')}.tmp`
  await writeFile(staged, content, { mode, flag: 'wx', flush: true })
  return staged
}

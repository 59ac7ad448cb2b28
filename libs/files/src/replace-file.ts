import { randomBytes } from 'node:crypto'
import { chmod, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Puts a whole file under a name, in place of what was there; it is on the disk, under that name, when this resolves. */
export async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  await moveInto(path, await stageFile(path, content, mode))
}

/**
 * The same for a file that belongs to somebody else: it keeps its mode, and a link goes on to lead to it. A new one gets what the umask
 * leaves of 0644. Throws what the file system does.
 */
export async function replaceForOthers(path: string, content: string): Promise<void> {
  const target = await orMissing(realpath(path))
  const mode = target === undefined ? undefined : (await stat(target)).mode & 0o7777
  const staged = await stageFile(target ?? path, content, mode ?? 0o644)
  try {
    // The umask takes bits from a mode that is asked for at the making of a file.
    if (mode !== undefined) await chmod(staged, mode)
  } catch (error) {
    await rm(staged, { force: true })
    throw error
  }
  await moveInto(target ?? path, staged)
}

/** Writes a new file beside `path`, flushed to the disk, and says where. */
export async function stageFile(path: string, content: string, mode: number): Promise<string> {
  const staged = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeFile(staged, content, { mode, flag: 'wx', flush: true })
  } catch (error) {
    await rm(staged, { force: true })
    throw error
  }
  return staged
}

async function moveInto(path: string, staged: string): Promise<void> {
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

async function orMissing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

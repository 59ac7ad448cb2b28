import { randomBytes } from 'node:crypto'
import { chmod, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Replaces a file atomically. Resolves when the content is flushed to the disk under that name. */
export async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  await moveInto(path, await stageFile(path, content, mode))
}

/** Replaces a file that other programs read: keeps its mode, follows a symbolic link. A new file gets 0644 minus the umask. */
export async function replaceForOthers(path: string, content: string): Promise<void> {
  const target = await orMissing(realpath(path))
  const mode = target === undefined ? undefined : (await stat(target)).mode & 0o7777
  const staged = await stageFile(target ?? path, content, mode ?? 0o644)
  try {
    // Needed because the umask clears bits of the mode requested at creation.
    if (mode !== undefined) await chmod(staged, mode)
  } catch (error) {
    await rm(staged, { force: true })
    throw error
  }
  await moveInto(target ?? path, staged)
}

/** Writes a new temporary file beside `path`, flushed to the disk, and returns its path. */
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

/** Flushes a folder, so that a rename in it survives a crash. Windows cannot open a folder and does not need the flush. */
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

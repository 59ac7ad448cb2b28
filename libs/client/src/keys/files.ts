import { randomBytes } from 'node:crypto'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'

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

/** Puts a whole file under a name, in place of what was there. */
export async function replaceFile(path: string, content: string, mode: number): Promise<void> {
  const staged = await stage(path, content, mode)
  await rename(staged, path)
}

/** The text of a file, or undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined
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

import { lstat } from 'node:fs/promises'
import { codeOf, readIfThere } from '../keys/files.js'

/**
 * Returns the text of a file that only this program writes; `undefined` if it does not exist. Throws for a link, because this program
 * creates none.
 */
export async function readOwnFile(path: string): Promise<string | undefined> {
  try {
    if ((await lstat(path)).isSymbolicLink()) throw new TypeError(`${path} is a symbolic link`)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined
    throw error
  }
  return readIfThere(path)
}

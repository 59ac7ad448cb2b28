import { realpath } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { readGivenText } from '../files.js'

/** Position of a file in its repository. */
export interface Commit {
  /** Commit id of HEAD, in hex. */
  id: string
  /** Folder of the objects. */
  objects: string
  /** Path from the root of the work tree, with slashes. */
  path: string
}

const MAX_PACKED_REFS_BYTES = 16 * 1024 * 1024
const REF = /^refs\/[^\s\\:?*[~^]+$/
const ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/**
 * Returns the commit that HEAD names for the repository of a file, read from its files without starting a program. `undefined` without a
 * repository or commit.
 */
export async function findCommit(file: string): Promise<Commit | undefined> {
  try {
    // The link itself may be committed, whatever its target; git would search from its folder.
    const folder = await realpath(dirname(resolve(file)))
    for (let root = folder; ; root = dirname(root)) {
      const gitDir = await gitDirOf(root)
      if (gitDir === undefined && root === dirname(root)) return undefined
      if (gitDir === undefined) continue
      const common = resolve(gitDir, (await lineOf(join(gitDir, 'commondir'))) ?? '.')
      const id = await headOf(gitDir, common)
      return id === undefined
        ? undefined
        : {
            id,
            objects: join(common, 'objects'),
            path: relative(root, join(folder, basename(file)))
              .split(sep)
              .join('/'),
          }
    }
  } catch {
    return undefined
  }
}

/** Returns the git folder: `.git`, or the target of the file of that name in a second work tree. */
async function gitDirOf(root: string): Promise<string | undefined> {
  const place = join(root, '.git')
  if ((await lineOf(join(place, 'HEAD'))) !== undefined) return place
  const named = /^gitdir: (.+)$/.exec((await lineOf(place)) ?? '')?.[1]
  return named === undefined ? undefined : resolve(root, named)
}

async function headOf(gitDir: string, common: string): Promise<string | undefined> {
  const head = (await lineOf(join(gitDir, 'HEAD'))) ?? ''
  const ref = head.startsWith('ref: ') ? head.slice('ref: '.length) : undefined
  if (ref === undefined) return ID.test(head) ? head : undefined
  if (!REF.test(ref) || ref.includes('..')) return undefined
  const id = (await lineOf(join(gitDir, ref))) ?? (await lineOf(join(common, ref))) ?? (await packed(common, ref))
  return id !== undefined && ID.test(id) ? id : undefined
}

async function packed(common: string, ref: string): Promise<string | undefined> {
  const text = await readGivenText(join(common, 'packed-refs'), MAX_PACKED_REFS_BYTES)
  return text
    .split('\n')
    .find((line) => line.endsWith(` ${ref}`))
    ?.split(' ')[0]
}

/** Returns the first line of a file, without its line end; `undefined` if the file cannot be read. */
async function lineOf(file: string): Promise<string | undefined> {
  try {
    return (await readGivenText(file, 4096)).split('\n')[0]?.trimEnd()
  } catch {
    return undefined
  }
}

import { readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { compareText } from '#libs/policy'
import { usageError } from '../errors.js'

/** Replaces each folder by its `*.yaml` and `*.yml` files, also those of folders below it. Exit 2 for a folder without any. */
export async function policyFiles(paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(paths.map(filesOf))
  return [...new Set(found.flat())]
}

async function filesOf(path: string): Promise<string[]> {
  // A missing file is reported by its reader.
  if ((await stat(path).catch(() => undefined))?.isDirectory() !== true) return [path]
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  const files = entries
    // A link could lead out of a repository that others can change.
    .filter((entry) => entry.isFile() && /\.ya?ml$/i.test(entry.name)) // guard: folder-links
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/(^|[/\\])(\.|node_modules[/\\])/.test(relative(path, file)))
  if (files.length === 0) throw usageError(`${path} contains no policy: neither it nor a folder below it has a *.yaml or *.yml file`)
  return files.sort(compareText)
}

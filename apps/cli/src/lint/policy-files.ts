import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { HmsError } from '#libs/contracts'
import { compareText, parsePolicy, POLICY_MAX_BYTES, type Finding, type ParsedPolicy, type PolicySource } from '#libs/policy'
import { usageError } from '../errors.js'
import { readGivenFile } from '../files.js'

/** Replaces each folder by its `*.yaml` and `*.yml` files, also those of folders below it. Exit 2 for a folder without any. */
export async function policyFiles(paths: readonly string[]): Promise<string[]> {
  return [...new Set((await Promise.all(paths.map(filesOf))).flat())]
}

async function filesOf(path: string): Promise<string[]> {
  if ((await stat(path).catch(() => undefined))?.isDirectory() !== true) return [path] // A missing file is reported by its reader.
  const files = (await entriesBelow(path))
    // A link could lead out of a repository that others can change.
    .filter((entry) => entry.isFile() && /\.ya?ml$/i.test(entry.name)) // guard: folder-links
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/(^|[/\\])(\.|node_modules[/\\])/.test(relative(path, file)))
  if (files.length === 0) throw usageError(`${path} contains no policy: neither it nor a folder below it has a *.yaml or *.yml file`)
  return files.sort(compareText)
}

/** Lists a folder and the folders below it. `readdir` with `recursive` follows links to folders since Node 26. */
async function entriesBelow(folder: string): Promise<Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const below = entries.filter((entry) => entry.isDirectory()).map(({ name }) => entriesBelow(join(folder, name)))
  return [...entries, ...(await Promise.all(below)).flat()]
}

/** Parses files. `findings`: the file is too large, is not a policy, or contains the policy of an earlier file. */
export async function readPolicyFiles(files: readonly string[]): Promise<{ source?: PolicySource; findings: Finding[] }[]> {
  const parsed: ParsedPolicy[] = []
  for (const file of files) parsed.push(await parsePolicyFile(file))
  const earliest = new Map(parsed.toReversed().flatMap((each) => (each.ok ? [[each.source.policy.id, each.source.file] as const] : [])))
  return parsed.map((each) => {
    if (!each.ok) return each
    const { file, policy, locate } = each.source
    const other = earliest.get(policy.id)
    const message = `${policy.id} is in ${other} too, and one file alone can be in force`
    const hint = 'delete one of the two, or change its id'
    const twice: Finding = { file, ...locate('/id'), rule: 'policy-twice', severity: 'error', message, hint }
    return { source: each.source, findings: other === file ? [] : [twice] }
  })
}

/** Parses a file. One that is too large is a finding too, so that the other files are still reported. Throws as `readGivenFile`. */
async function parsePolicyFile(file: string): Promise<ParsedPolicy> {
  try {
    return parsePolicy(await readGivenFile(file, POLICY_MAX_BYTES), file)
  } catch (error) {
    if (!(error instanceof HmsError && error.code === 'HMS_FILE_TOO_LARGE')) throw error
    const message = `the file has more than ${POLICY_MAX_BYTES} bytes, which no policy may have`
    return { ok: false, findings: [{ file, line: 1, column: 1, rule: 'too-large', severity: 'error', message }] }
  }
}

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from '../architecture/root.js'
import { apiBreaks, eventBreaks, tableBreaks, type Json } from '../support/documents/compatibility.js'

interface CompatibleWith {
  /** The build that runs beside this one while services are replaced. */
  commit: string
  /** The second step of a change whose first one is older than `commit`: what no reader of it uses any more, and how that is known. */
  contracted: { change: string; why: string }[]
}

const TABLES = 'test/architecture/schemas'
const { commit, contracted } = JSON.parse(readFileSync(join(ROOT, 'test/parts/compatible-with.json'), 'utf8')) as CompatibleWith

/**
 * Expand, then contract: docs/how-to/upgrade.md. The files that are compared are held against the code by tests of their own. A copy of the
 * repository without its history has nothing to compare with, and says so.
 */
describe.skipIf(!hasHistory())('beside the build before', () => {
  it.each<[string, () => string[]]>([
    ['events', () => eventBreaks(json(then('docs/asyncapi.json')), json(now('docs/asyncapi.json')))],
    ['requests and answers', () => apiBreaks(json(then('docs/openapi.json')), json(now('docs/openapi.json')))],
    [
      'tables',
      () => readdirSync(join(ROOT, TABLES)).flatMap((name) => tableBreaks(then(`${TABLES}/${name}`), now(`${TABLES}/${name}`), name)),
    ],
  ])('%s only grow', (_what, breaks) => {
    const said =
      'Make it an addition that the build before can ignore. What nobody uses any more since then goes into `contracted` of compatible-with.json, with why'
    expect(
      breaks().filter((change) => !contracted.some((known) => known.change === change)),
      said,
    ).toEqual([])
  })
})

function hasHistory(): boolean {
  try {
    return execFileSync('git', ['rev-parse', '--is-shallow-repository'], { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }).trim() === 'false'
  } catch {
    return false
  }
}

function now(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** A file that was not there then has nothing to keep. */
function then(path: string): string {
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  try {
    return git('ls-tree', '--name-only', commit, path) === '' ? '' : git('show', `${commit}:${path}`)
  } catch (cause) {
    throw new Error(`commit ${commit} is not here: fetch the whole history (git fetch --unshallow)`, { cause })
  }
}

function json(text: string): Json {
  return JSON.parse(text) as Json
}

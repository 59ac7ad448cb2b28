import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'

const ROOT = new URL('../../', import.meta.url).pathname
const VECTORS = join(ROOT, 'docs/reference/reader-vectors')
const READER = join(ROOT, 'docs/examples/policy_reader.py')
const PYTHON = ['python3', '/usr/bin/python3'].find((program) => spawnSync(program, ['-c', 'import cryptography']).status === 0)

describe.skipIf(PYTHON === undefined)('the reader in Python', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hms-vectors-'))
  beforeEach(() => cpSync(VECTORS, folder, { recursive: true }))
  afterAll(() => rmSync(folder, { recursive: true }))

  const run = (of = folder): { status: number | null; stdout: string } => spawnSync(PYTHON!, [READER, of], { encoding: 'utf8' })
  const names = readdirSync(VECTORS).filter((name) => name.endsWith('.json') && name !== 'index.json')

  it('has the answers of the product, in at most 250 lines, and needs cryptography alone', () => {
    expect(run(VECTORS)).toMatchObject({ status: 0, stdout: `${names.length} of ${names.length} vectors (of bundles the sums alone)\n` })
    const source = readFileSync(READER, 'utf8')
    expect(source.trimEnd().split('\n').length).toBeLessThanOrEqual(250)
    const imported = [...source.matchAll(/^(?:import|from) (.+?)(?: import .*)?$/gm)].flatMap(([, list]) => list!.split(', '))
    expect(imported.map((name) => name.split('.')[0]).sort()).toEqual([
      'base64',
      'cryptography',
      'cryptography',
      'datetime',
      'hashlib',
      'json',
      'pathlib',
      'sys',
    ])
  })

  it('fails vectors whose signatures and payloads were altered, even where their sums were made again', () => {
    for (const name of names) {
      const text = readFileSync(join(folder, name), 'utf8')
      writeFileSync(
        join(folder, name),
        text.replaceAll(/[\w+/-]{80,}/g, (found) => found.slice(0, 40) + (found[40] === 'A' ? 'B' : 'A') + found.slice(41)),
      )
    }
    expect(run().status).toBe(1)
    const sums = spawnSync('sha256sum', names, { cwd: folder, encoding: 'utf8' }).stdout.trim().split('\n')
    const files = Object.fromEntries(
      sums.map((line) => line.split(/\s+/).toReversed() as [string, string]).map(([name, sum]) => [name, `sha256:${sum}`]),
    )
    writeFileSync(join(folder, 'index.json'), JSON.stringify({ v: 1, files }))
    expect(run().status).toBe(1)
  })

  it.each(names.filter((name) => !name.startsWith('bundle')))('fails %s where an answer was altered', (name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    const altered = text.replace(
      /"doubt": (null|"\w+")/,
      (_, doubt: string) => `"doubt": ${doubt === 'null' ? '"HMS_FRESHNESS_MIXED"' : 'null'}`,
    )
    writeFileSync(join(folder, name), altered)
    const { status, stdout } = run()
    expect([status, stdout]).toEqual([1, expect.stringContaining(name)])
  })

  it('fails where a vector is missing', () => {
    rmSync(join(folder, 'proofs.json'))
    expect(run().status).toBe(1)
  })
})

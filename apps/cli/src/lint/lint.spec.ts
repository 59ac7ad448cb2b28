import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runForTest } from '../testing/run-cli.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-lint-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function write(name: string, content: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, content)
  return file
}

const GOOD = 'id: epa-pm25-limit\nversion: 2.0.0\neffective: 2024-09-01T00:00:00Z\nlimit: 25\n'

describe('lint', () => {
  it('passes a good file', async () => {
    const file = await write('good.yaml', GOOD)
    expect(await runForTest(['lint', file])).toEqual({ code: 0, stdout: `✓ ${file}  epa-pm25-limit@2.0.0\n`, stderr: '' })
    expect((await runForTest(['lint', file, '--json'])).stdout).toBe('[]\n')
  })

  it('names line and column of malformed YAML, exit 6', async () => {
    const file = await write('broken.yaml', 'id: broken\nversion: [\n')
    const { code, stdout } = await runForTest(['lint', file])
    expect(code).toBe(6)
    expect(stdout).toMatch(/broken\.yaml:\d+:\d+ [a-z-]+ /)
    const json = await runForTest(['lint', file, '--json'])
    expect(JSON.parse(json.stdout)[0]).toMatchObject({ file, severity: 'error' })
  })

  it('judges every file, and says what it could not check offline', async () => {
    const good = await write('schema.yaml', `${GOOD}schema: air-limit\n`)
    const bad = await write('bad.yaml', 'id: x\n')
    const { code, stdout, stderr } = await runForTest(['lint', good, bad])
    expect(code).toBe(6)
    expect(stdout).toContain(`✓ ${good}`)
    expect(stdout).toContain(`${bad}:1:1 required-key`)
    expect(stderr).toContain('schema "air-limit" is not checked offline')
  })

  it('refuses a file over 256 KiB, exit 2', async () => {
    const { code, stderr } = await runForTest(['lint', await write('large.yaml', `# ${'x'.repeat(256 * 1024)}\n`)])
    expect(code).toBe(2)
    expect(stderr).toContain('HMS_FILE_TOO_LARGE')
  })
})

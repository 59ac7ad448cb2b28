import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveCanned } from '../testing/canned-service.js'
import { runForTest } from '../testing/run-cli.js'
import { readExport } from './read-export.js'

const NOTE = `log.example/hms\n1\n${Buffer.alloc(32).toString('base64')}\n\n— log.example/hms AAAAAAA=\n`
const ENTRY = { index: 0, type: 'a\u2028b\u2029c\u0085\u009b1A\u202E', key: 'µ🌬️'.repeat(40_000) }

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-export-'))
  file = join(folder, 'export.ndjson')
})
afterAll(() => rm(folder, { recursive: true }))

async function read(content: string): Promise<unknown[]> {
  await writeFile(file, content)
  return recordsOf(file)
}

async function recordsOf(path: string): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const { end: _end, ...each } of readExport(path)) found.push(each)
  return found
}

describe('readExport', () => {
  it('splits lines at LF only', async () => {
    const record = { type: 'entry', entry: ENTRY }
    const text = JSON.stringify(record)
    expect(text).toContain('\u2028')
    const lines = [1, 2, 4, 5].map((line) => ({ line, record }))
    expect(await read(`${text}\n${text}\r\n\n${text}\n${text}`)).toEqual(lines)
    expect(await read('')).toEqual([])
  })

  it.each([
    ['a line of 5 Mi characters', `{"type":"entry","entry":"${'x'.repeat(5 * 1024 * 1024)}"}\n`],
    ['half a record', '{"type":"entry"'],
    ['another record', '{"type":"other"}'],
    ['null', 'null'],
  ])('refuses %s, and names the line', async (_what, line) => {
    await expect(read(`{"type":"checkpoint"}\n${line}`)).rejects.toMatchObject({
      code: 'HMS_EXPORT_MALFORMED',
      detail: expect.stringContaining(`${file}:2 `),
    })
  })

  it('refuses an endless line without buffering it', async () => {
    await writeFile(file, '{"type":"checkpoint"}\n')
    // Sparse: only NULs, more than a string can store.
    await truncate(file, 800 * 1024 * 1024)
    await expect(recordsOf(file)).rejects.toMatchObject({ code: 'HMS_EXPORT_MALFORMED' })
  })
})

it('export writes the records as received, with control characters escaped', async () => {
  const out = join(folder, 'written.ndjson')
  const service = await serveCanned({
    'GET /checkpoint': { text: NOTE },
    'GET /v1/roster': { body: [] },
    'GET /v1/audit/entries?limit=1&signed=true': { body: [ENTRY] },
    'GET /v1/history?limit=100': { body: [] },
  })
  const env = { HMS_URL: service.url }
  const { stdout } = await runForTest(['export'], { env })
  const { code } = await runForTest(['export', '--out', out], { env })
  await service.close()
  expect(code).toBe(0)
  expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
  const records = await recordsOf(out)
  expect(records).toEqual([
    { line: 1, record: { type: 'entry', entry: ENTRY } },
    { line: 2, record: { type: 'checkpoint', size: 1, note: NOTE } },
  ])
  expect(await read(stdout)).toEqual(records)
})

it.each(['a line without its end', 'one\ntwo', '{"type":"other"', '{"type":"entryway"}\n{'])(
  'export --out leaves a file alone that is no export: %j',
  async (content) => {
    await writeFile(file, content)
    const { code, stderr } = await runForTest(['export', '--out', file])
    expect([code, stderr]).toEqual([2, expect.stringContaining('[HMS_EXPORT_MALFORMED]')])
    expect(await readFile(file, 'utf8')).toBe(content)
  },
)

it.each(['', '{"ty', '{"type":"export","v":1,"inst'])('export --out drops the half line of a killed export: %j', async (content) => {
  await writeFile(file, content)
  const { stderr } = await runForTest(['export', '--out', file], { env: { HMS_URL: 'http://127.0.0.1:9' } })
  expect(stderr).toContain('[HMS_UNREACHABLE]')
  expect(await readFile(file, 'utf8')).toBe('')
})

it('export --since suggests no check, which needs the log from its beginning, and takes no local time', async () => {
  const out = join(folder, 'since.ndjson')
  const service = await serveCanned({
    'GET /checkpoint': { text: NOTE },
    'GET /v1/roster': { body: [] },
    'GET /v1/audit/entries?limit=1&signed=true': { body: [{ ...ENTRY, at: '2024-09-01T00:00:00Z' }] },
  })
  const since = (time: string) => runForTest(['export', '--out', out, '--since', time], { env: { HMS_URL: service.url } })
  for (const time of ['2026-01-01T00:00:00', '1/2/2026', '2026-02-30T00:00:00Z'])
    expect(await since(time)).toMatchObject({ code: 2, stderr: expect.stringContaining('2026-01-31T00:00:00Z') })
  const { code, stderr } = await since('2026-01-01T00:00:00Z')
  await service.close()
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('--check')])
})

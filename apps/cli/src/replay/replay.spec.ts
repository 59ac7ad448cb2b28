import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { serveCanned } from '../testing/canned-service.js'
import { runForTest } from '../testing/run-cli.js'

const FILE = fileURLToPath(new URL('../../../demo/assets/scenarios/pm25-violation.yaml', import.meta.url))

it('registers no corpus whose letters it cannot read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hms-corpus-'))
  const file = join(folder, 'latin.csv')
  await writeFile(file, Buffer.from('date,site\n2025-01-01,K\u00f6ln\n', 'latin1'))
  const service = await serveCanned({ 'POST /v1/corpora': { body: {} } })
  const refused = await runForTest(['corpora', 'add', file, '--id', 'latin', '--url', service.url])
  await service.close()
  await rm(folder, { recursive: true })
  expect([refused.code, refused.stderr, service.requests]).toEqual([2, expect.stringContaining('latin.csv is not UTF-8 text'), []])
})

// By addresses that answer: test/system/documents-by-address.spec.ts.
it.each([
  ['that is not what its digest says', FILE, 5, 'HMS_DOCUMENT_DIGEST'],
  ['over http', 'http://127.0.0.1:9/s.yaml', 2, 'is no https address'],
])('registers no scenario %s', async (_what, place, code, words) => {
  const service = await serveCanned({ 'POST /v1/scenarios': { body: {} } })
  const refused = await runForTest(['scenarios', 'add', place, '--digest', `sha256:${'0'.repeat(64)}`, '--url', service.url])
  await service.close()
  expect([refused.code, refused.stderr, service.requests]).toEqual([code, expect.stringContaining(words), []])
})

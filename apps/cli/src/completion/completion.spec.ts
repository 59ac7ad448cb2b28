import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { serveCanned } from '../testing/canned-service.js'
import { runForTest, type CliFixture } from '../testing/run-cli.js'
import { splitLine } from './complete.js'

const complete = async (line: string, fixture: CliFixture = {}, ...flags: string[]) => {
  const { code, stdout, stderr } = await runForTest([...flags, '__complete', line], fixture)
  return { code, stderr, texts: stdout.split('\n').flatMap((said) => (said === '' ? [] : [said.split('\t')[0]!])) }
}

describe('splitLine', () => {
  it.each<[string, string[], string]>([
    ['hms-svc app', ['hms-svc'], 'app'],
    ['hms-svc approve ', ['hms-svc', 'approve'], ''],
    ['hms-svc approve x --sign "EPA C', ['hms-svc', 'approve', 'x', '--sign'], 'EPA C'],
    ['hms-svc approve --sign EPA\\ Ch', ['hms-svc', 'approve', '--sign'], 'EPA Ch'],
    [`hms-svc a 'b "c' "d\\"e" f`, ['hms-svc', 'a', 'b "c', 'd"e'], 'f'],
    ['', [], ''],
    ['hms-svc ""', ['hms-svc'], ''],
    ['hms-svc \\', ['hms-svc'], '\\'],
  ])('splits %s', (line, words, current) => expect(splitLine(line)).toEqual({ words, current }))
})

describe('completion', () => {
  it('completes verbs, verbs below them, options and their choices', async () => {
    expect((await complete('hms-svc appr')).texts).toEqual(['approve', 'approvals'])
    expect((await complete('hms-svc runs re')).texts).toEqual(['resume', 'retry'])
    expect((await complete('hms-svc --json runs w')).texts).toEqual(['watch'])
    expect((await complete('hms-svc approve pm25.yaml --can')).texts).toEqual(['--canary'])
    expect((await complete('hms-svc tickets decide 12 --decision ')).texts).toContain('promote')
    expect((await complete('hms-svc completion ')).texts).toEqual(['bash', 'zsh', 'fish', 'powershell'])
    expect((await complete('hms-svc --color ')).texts).toEqual(['auto', 'always', 'never'])
    expect((await complete('hms-svc ')).texts).not.toContain('__complete')
  })

  it('leaves file names to the shell', async () => {
    for (const line of ['hms-svc lint ', 'hms-svc approve a.yaml ', 'hms-svc verify x --roster ', 'hms-svc dev --data '])
      expect(await complete(line)).toEqual({ code: 1, stderr: '', texts: [] })
  })

  it('completes names from the services, and signers from the key folder', async () => {
    const run = (number: number, version: string) => ({ run: number, state: 'SUCCEEDED', policies: [{ id: 'epa-pm25-limit', version }] })
    const service = await serveCanned({
      'GET /v1/runs': { body: [run(184, '2.0.0'), run(19, '1.5.0'), run(7, '1.5.0')] },
      'GET /v1/policies': { body: [{ id: 'epa-pm25-limit', version: '2.0.0' }] },
      'GET /v1/tickets': { body: [{ ticket: 12, run: 184, state: 'OPEN' }] },
      'GET /v1/partners': { body: [{ id: 'va-deq', name: 'Virginia\u001b[2J\nDEQ' }] },
      'GET /v1/freezes': { body: [{ id: 'election-week', reason: 'polls' }] },
    })
    try {
      const at = (line: string) => complete(line, { env: { HMS_URL: service.url } })
      expect((await at('hms-svc runs show 1')).texts).toEqual(['184', '19'])
      expect((await at('hms-svc get e')).texts).toEqual(['epa-pm25-limit'])
      expect((await at('hms-svc rollback epa-pm25-limit@1')).texts).toEqual(['epa-pm25-limit@1.5.0'])
      expect((await at('hms-svc tickets show ')).texts).toEqual(['12'])
      expect((await at('hms-svc partners deliveries ')).texts).toEqual(['va-deq'])
      expect((await at('hms-svc freezes lift ')).texts).toEqual(['election-week'])
      const { stdout } = await runForTest(['__complete', 'hms-svc partners deliveries '], { env: { HMS_URL: service.url } })
      expect(stdout).not.toContain('\u001b')
      expect(stdout.split('\n')).toHaveLength(2)
    } finally {
      await service.close()
    }
    const env = { HMS_KEYS_DIR: await folderOfKeys() }
    expect((await complete('hms-svc approve a.yaml --sign "EPA', { env })).texts).toEqual(['EPA Chief'])
    await rm(env.HMS_KEYS_DIR, { recursive: true })
  })

  it('prints nothing if the server is unreachable', async () => {
    const env = { HMS_URL: 'http://127.0.0.1:9' }
    expect(await complete('hms-svc runs show ', { env })).toEqual({ code: 0, stderr: '', texts: [] })
  })
})

async function folderOfKeys(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hms-keys-'))
  for (const name of ['EPA Chief', 'Air Office'])
    await writeFile(join(folder, `${name}.pub.json`), JSON.stringify({ name, keyid: 'SHA256:x', spki: 'MCow', agent: true }))
  return folder
}

import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { demoRoster, generateKeyPair, localSigner, signRoster, type RosterPredicate } from '#libs/signing'
import { runForTest } from '../testing/run-cli.js'
import { sarifLog } from './findings.js'

interface Sarif {
  version: string
  runs: { tool: { driver: { rules: { id: string }[] } }; columnKind: string; results: unknown[] }[]
}

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
  it('accepts a valid file', async () => {
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

  it('checks every file, and reports what it cannot check offline', async () => {
    const good = await write('schema.yaml', `${GOOD}schema: air-limit\n`)
    const bad = await write('bad.yaml', 'id: x\n')
    const { code, stdout, stderr } = await runForTest(['lint', good, bad])
    expect(code).toBe(6)
    expect(stdout).toContain(`✓ ${good}`)
    expect(stdout).toContain(`${bad}:1:1 required-key`)
    expect(stderr).toContain('schema "air-limit" is not checked offline')
  })

  it('prints SARIF with rules, levels, positions and addresses below the working directory, exit 6', async () => {
    const bad = await write('a bad.yaml', `${GOOD}limit: 24\n`)
    const { code, stdout } = await runForTest(['lint', bad, '--format', 'sarif'])
    expect(code).toBe(6)
    const log = JSON.parse(stdout) as Sarif
    const { results, tool, columnKind } = log.runs[0]!
    expect([log.version, columnKind, tool.driver.rules.map(({ id }) => id)]).toEqual(['2.1.0', 'utf16CodeUnits', ['duplicate-key']])
    const location = { artifactLocation: { uri: pathToFileURL(bad).href }, region: { startLine: 5, startColumn: 1 } }
    expect(results).toMatchObject([{ ruleId: 'duplicate-key', ruleIndex: 0, level: 'error', locations: [{ physicalLocation: location }] }])
    const good = JSON.parse((await runForTest(['lint', await write('good3.yaml', GOOD), '--format', 'sarif'])).stdout) as Sarif
    expect(good.runs[0]!.results).toEqual([])
  })

  it('sarifLog writes addresses relative to the root, percent-encoded', () => {
    const finding = { file: 'air quality/ä#1.yaml', line: 3, column: 7, rule: 'x', severity: 'warning', message: 'm', hint: 'h' } as const
    expect(JSON.stringify(sarifLog([finding, { ...finding, file: '/repo/b.yaml' }, { ...finding, file: '/c.yaml' }], '/repo'))).toMatch(
      /"air%20quality\/%C3%A4%231.yaml".*"uri":"b.yaml".*"uri":"file:\/\/\/c.yaml"/,
    )
  })

  it('refuses a format that it does not know, exit 2', async () => {
    expect((await runForTest(['lint', await write('good4.yaml', GOOD), '--format', 'markdown'])).code).toBe(2)
  })

  it('checks the YAML files of a folder and below it, but no hidden ones and no links, and refuses an empty folder', async () => {
    const root = await mkdtemp(join(folder, 'repository-'))
    await mkdir(join(root, 'air/.hidden'), { recursive: true })
    const ozone = GOOD.replace('epa-pm25-limit', 'ozone')
    for (const name of ['b.yaml', 'air/.hidden/c.yaml', 'README.md']) await writeFile(join(root, name), GOOD)
    await writeFile(join(root, 'air/a.yml'), ozone)
    await symlink(await write('elsewhere.yaml', 'id: [\n'), join(root, 'linked.yaml'))
    await symlink(folder, join(root, 'linked'))
    const { code, stdout } = await runForTest(['lint', root])
    expect([code, stdout]).toEqual([0, `✓ ${root}/air/a.yml  ozone@2.0.0\n✓ ${root}/b.yaml  epa-pm25-limit@2.0.0\n`])
    const empty = await runForTest(['lint', join(root, 'air/.hidden/..'), await mkdtemp(join(folder, 'empty-'))])
    expect([empty.code, empty.stderr]).toEqual([2, expect.stringContaining('contains no policy')])
  })

  describe('with a roster on the machine', () => {
    async function writeRoster(name: string, change: Partial<RosterPredicate>): Promise<string> {
      const people = ['EPA Chief', 'EPA Counsel'].map((each) => ({ name: each, ...generateKeyPair() }))
      const services = [{ name: 'rollout', spki: generateKeyPair().spki }]
      const predicate = demoRoster({ people, services, operator: generateKeyPair(), expires: '2036-01-01T00:00:00Z' })
      const signers = people.map(({ privateKey }) => localSigner(privateKey))
      return write(name, JSON.stringify(await signRoster({ ...predicate, ...change }, signers)))
    }

    it('prints the bounds of a plan by the roster of HMS_ROSTER or of the data folder', async () => {
      const file = await write('bound.yaml', GOOD)
      const roster = await writeRoster('roster.json', { bounds: { minObserveMs: 60_000, maxShare: 500 } })
      for (const [variable, value] of [
        ['HMS_ROSTER', roster],
        ['HMS_DATA_DIR', folder],
      ] as const) {
        const { code, stderr } = await runForTest(['lint', file], { env: { [variable]: value } })
        expect([code, stderr]).toEqual([0, `${file}: roster 1, plans: observe at least 60 s, canary at most 5%\n`])
      }
    })

    it('fails a policy that no role may approve, exit 6', async () => {
      const file = await write('no-role.yaml', GOOD)
      const root = { name: 'keepers', principals: ['epa-chief', 'epa-counsel'], threshold: 2, match: { root: true as const } }
      const official = { name: 'ozone', principals: ['epa-chief'], threshold: 1, match: { idPrefix: 'ozone-' } }
      const services = [{ name: 'service:rollout', principals: ['rollout'], threshold: 1, match: { service: 'rollout' } }]
      const roster = await writeRoster('narrow.json', { roles: [root, official, ...services] })
      const { code, stdout } = await runForTest(['lint', file], { env: { HMS_ROSTER: roster } })
      expect([code, stdout]).toEqual([
        6,
        expect.stringContaining(`${file}:1:5 roster-no-role no role of the roster may approve epa-pm25-limit`),
      ])
    })

    it('fails if the roster of HMS_ROSTER cannot be read, exit 2', async () => {
      const { code, stderr } = await runForTest(['lint', await write('good2.yaml', GOOD)], {
        env: { HMS_ROSTER: '/nonexistent/roster.json' },
      })
      expect([code, stderr]).toEqual([2, expect.stringContaining('HMS_ROSTER_UNREADABLE')])
    })
  })

  it('reports a file over 256 KiB, and the other files of its folder, exit 6', async () => {
    const root = await mkdtemp(join(folder, 'large-'))
    const [bad, good, large] = ['a.yaml', 'b.yaml', 'large.yaml'].map((name) => join(root, name)) as [string, string, string]
    await writeFile(bad, 'id: ozone\nversion: 1.0.0\n')
    await writeFile(good, GOOD)
    await writeFile(large, `# ${'x'.repeat(256 * 1024)}\n`)
    const { code, stdout } = await runForTest(['lint', root])
    expect([code, stdout.split('\n')]).toEqual([
      6,
      [
        `✓ ${good}  epa-pm25-limit@2.0.0`,
        expect.stringContaining(`${bad}:1:1 required-key `),
        `${large}:1:1 too-large the file has more than 262144 bytes, which no policy may have`,
        '',
      ],
    ])
    const alone = await runForTest(['lint', large, '--json'])
    expect([alone.code, JSON.parse(alone.stdout)]).toEqual([6, [expect.objectContaining({ file: large, rule: 'too-large' })]])
  })

  it('reports a policy that two files contain at the later file, also as SARIF, exit 6', async () => {
    const root = await mkdtemp(join(folder, 'twice-'))
    const names = ['a.yaml', 'b.yaml', 'c.yaml'].map((name) => join(root, name)) as [string, string, string]
    await Promise.all(names.map((name) => writeFile(name, GOOD)))
    const finding = (file: string): string =>
      `${file}:1:5 policy-twice epa-pm25-limit is in ${names[0]} too, and one file alone can be in force` +
      ' — delete one of the two, or change its id'
    for (const paths of [[root], names]) {
      const { code, stdout, stderr } = await runForTest(['lint', ...paths])
      expect([code, stdout.trimEnd().split('\n')]).toEqual([
        6,
        [`✓ ${names[0]}  epa-pm25-limit@2.0.0`, finding(names[1]), finding(names[2])],
      ])
      expect(stderr).toContain('✗ 2 errors')
    }
    const sarif = JSON.parse((await runForTest(['lint', root, '--format', 'sarif'])).stdout) as Sarif
    expect(sarif.runs[0]!.tool.driver.rules).toMatchObject([{ id: 'policy-twice' }])
    const text = expect.stringContaining(`is in ${names[0]} too`) as string
    expect(sarif.runs[0]!.results).toMatchObject([{ message: { text } }, { message: { text } }])
    expect((await runForTest(['lint', names[0], names[0]])).code).toBe(0)
  })
})

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Envelope } from '#libs/contracts'
import { generateKeyPair, keyIdOf, readRoster, spkiToKey } from '#libs/signing'
import { runForTest } from '../testing/run-cli.js'

const PEOPLE = ['Air Director', 'Air Counsel']

describe('an installation’s first roster', () => {
  let folder: string
  let env: Record<string, string>
  let document: Record<string, unknown>
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hms-first-roster-'))
    env = { HMS_KEYS_DIR: join(folder, 'keys'), HMS_KEY_PASSPHRASE: 'correct horse', HMS_URL: 'http://127.0.0.1:9' }
    const principals: Record<string, unknown> = { rollout: { name: 'rollout', kind: 'service', keys: [{ spki: generateKeyPair().spki }] } }
    for (const name of [...PEOPLE, 'Other Person']) {
      expect((await runForTest(['keys', 'create', '--name', name], { env })).code).toBe(0)
      const { spki } = JSON.parse((await runForTest(['keys', 'export', name, '--json'], { env })).stdout) as { spki: string }
      if (PEOPLE.includes(name)) principals[name.toLowerCase().replace(' ', '-')] = { name, kind: 'person', keys: [{ spki }] }
    }
    document = {
      version: 1,
      profile: 'production',
      expires: '2036-01-01T00:00:00Z',
      principals,
      roles: [
        { name: 'keepers', principals: ['air-director', 'air-counsel'], threshold: 2, match: { root: true } },
        { name: 'official', principals: ['air-director', 'air-counsel'], threshold: 1, match: { all: true } },
        { name: 'service:rollout', principals: ['rollout'], threshold: 1, match: { service: 'rollout' } },
      ],
      log: { name: 'air.example/audit', spki: generateKeyPair().spki },
      witnesses: [{ name: 'watchdog.example/w1', spki: generateKeyPair().spki }],
      quorum: 1,
    }
  })
  afterAll(() => rm(folder, { recursive: true }))

  const at = (name: string): string => join(folder, name)
  const written = async (name: string, change: Record<string, unknown> = {}): Promise<string> => {
    await writeFile(at(name), JSON.stringify({ ...document, ...change }))
    return at(name)
  }
  const sign = (...argv: string[]) => runForTest(['roster', 'sign', ...argv], { env })

  it('is signed in its file by one person after the other, without any service', async () => {
    const first = await sign(await written('roster.yaml'), '--sign', 'Air Director', '--out', at('roster.json'))
    expect([first.code, first.stdout]).toEqual([0, expect.stringContaining('It asks for 2 people: signed by Air Director; 1 more needed')])
    expect(first.stderr).toContain('air.example/audit')
    expect(() => readRoster({})).toThrow()
    const half = JSON.parse(await readFile(at('roster.json'), 'utf8')) as Envelope
    expect(() => readRoster(half)).toThrow('HMS_ROSTER_THRESHOLD')
    const second = await sign(at('roster.json'), '--sign', 'Air Counsel')
    expect([second.code, second.stdout]).toEqual([0, expect.stringContaining('Enough people signed it')])
    const roster = readRoster(JSON.parse(await readFile(at('roster.json'), 'utf8')))
    expect(roster).toMatchObject({ version: 1, profile: 'production' })
    expect(roster.logPolicy).toMatchObject({ log: { name: 'air.example/audit' }, quorum: 1 })
    const [spki] = Object.values(document['principals'] as Record<string, { keys: { spki: string }[] }>).map(({ keys }) => keys[0]!.spki)
    expect(roster.principalOfKey(keyIdOf(spkiToKey(spki!)))?.id).toBe('rollout')
  })

  it('says that a signature does not count by the root role', async () => {
    const roles = (document['roles'] as { name: string }[]).map((role) =>
      role.name === 'keepers' ? { ...role, principals: ['air-director'], threshold: 1 } : role,
    )
    const { stdout, stderr } = await sign(await written('other.yaml', { roles }), '--sign', 'Air Counsel', '--out', at('other.json'))
    expect(stderr).toContain('! Roster 1 does not count this signature: its root role names other people')
    expect(stdout).toContain('signed by no valid signer; 1 more needed')
    const counted = await sign(at('other.json'), '--sign', 'Air Director')
    expect([counted.stderr.includes('does not count'), counted.stdout.includes('Enough people signed it')]).toEqual([false, true])
  })

  it('counts each person once, and prints the progress as JSON', async () => {
    const file = await written('again.yaml')
    await sign(file, '--sign', 'Air Director', '--out', at('again.json'))
    const again = await sign(at('again.json'), '--sign', 'Air Director', '--json')
    expect(JSON.parse(again.stdout)).toMatchObject({
      file: at('again.json'),
      version: 1,
      signedBy: ['Air Director'],
      threshold: 2,
      missing: 1,
    })
  })

  it.each<[string, Record<string, unknown>, string[], number, string]>([
    ['no place to go', {}, ['--sign', 'Air Director'], 2, '--out'],
    [
      'another digest than was reviewed',
      {},
      ['--sign', 'Air Director', '--out', 'OUT', '--expect-digest', 'sha256:00'],
      5,
      'HMS_APPROVAL_DIGEST',
    ],
    ['a person not in the roster', {}, ['--sign', 'Other Person', '--out', 'OUT'], 3, 'HMS_ROSTER_SIGNER_UNKNOWN'],
    ['a roster that contradicts itself', { quorum: 2 }, ['--sign', 'Air Director', '--out', 'OUT'], 10, 'HMS_ROSTER_INVALID'],
    [
      'a log without a key',
      { log: { name: 'air.example/audit' } },
      ['--sign', 'Air Director', '--out', 'OUT'],
      10,
      'HMS_STATEMENT_INVALID',
    ],
  ])('is not signed with %s', async (_what, change, flags, code, text) => {
    const run = await sign(await written('wrong.yaml', change), ...flags.map((flag) => (flag === 'OUT' ? at('wrong.json') : flag)))
    expect([run.code, run.stderr]).toEqual([code, expect.stringContaining(text)])
    await expect(readFile(at('wrong.json'))).rejects.toThrow()
  })
})

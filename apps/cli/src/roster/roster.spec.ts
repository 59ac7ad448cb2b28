import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Envelope, RosterProposalView } from '#libs/contracts'
import {
  DEMO_PEOPLE,
  demoRoster,
  digestOf,
  generateKeyPair,
  localSigner,
  nextRoster,
  readRoster,
  signRoster,
  type RosterPredicate,
} from '#libs/signing'
import { serveCanned, type CannedService } from '../testing/canned-service.js'
import { runForTest } from '../testing/run-cli.js'

const pairs = DEMO_PEOPLE.map(() => generateKeyPair())
const people = DEMO_PEOPLE.map((name, i) => ({ name, spki: pairs[i]!.spki }))
const inspector = generateKeyPair()

let folder: string
let chiefKey: { keyid: string; spki: string }
let first: RosterPredicate
let pinned: Envelope
let second: RosterPredicate
let service: CannedService | undefined
let env: Record<string, string>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-roster-'))
  const keys = { HMS_KEYS_DIR: join(folder, 'keys'), HMS_KEY_PASSPHRASE: 'correct horse' }
  expect((await runForTest(['keys', 'create', '--name', 'EPA Chief'], { env: keys })).code).toBe(0)
  chiefKey = JSON.parse((await runForTest(['keys', 'export', 'EPA Chief', '--json'], { env: keys })).stdout)
  people[0]!.spki = chiefKey.spki
  first = demoRoster({
    people,
    services: [{ name: 'rollout', spki: generateKeyPair().spki }],
    operator: generateKeyPair(),
    expires: '2034-01-01T00:00:00Z',
  })
  pinned = await signedBy(first, 1, 2)
  second = structuredClone({ ...first, version: 2, expires: '2035-01-01T00:00:00Z' })
  delete second.principals['air-office']
  second.principals['inspector'] = { name: 'Inspector', kind: 'person', keys: [{ keyid: inspector.keyid, spki: inspector.spki }] }
  for (const role of second.roles) role.principals = role.principals.map((id) => (id === 'air-office' ? 'inspector' : id))
  second.revoked = [{ keyid: pairs[3]!.keyid, since: '2026-01-01T00:00:00Z', reason: 'lost' }]
  await writeFile(join(folder, 'pinned.json'), JSON.stringify(pinned))
  env = { ...keys, HMS_ROSTER: join(folder, 'pinned.json') }
})
afterAll(() => rm(folder, { recursive: true }))
beforeEach(() => (service = undefined))
afterEach(() => service?.close())

/** Signs by people of the first roster, by their index; the fifth is the inspector. */
function signedBy(predicate: RosterPredicate, ...who: number[]): Promise<Envelope> {
  return signRoster(
    predicate,
    who.map((i) => localSigner((pairs[i] ?? inspector).privateKey)),
  )
}

async function hms(argv: readonly string[], responses: Parameters<typeof serveCanned>[0] = {}): ReturnType<typeof runForTest> {
  service = await serveCanned({ 'GET /v1/roster?since=1': { body: [] }, 'GET /v1/roster?since=2': { body: [] }, ...responses })
  return runForTest(argv, { env: { ...env, HMS_URL: service.url } })
}

describe('roster show', () => {
  it('prints the newest roster that follows from the pinned one', async () => {
    // Counsel is in both rosters, the others in one each.
    const next = await signedBy(second, 1, 2, 4)
    const { code, stdout } = await hms(['roster', 'show', '--json'], {
      'GET /v1/roster?since=1': { body: [{ version: 2, envelope: next }] },
    })
    expect([code, JSON.parse(stdout)]).toEqual([0, next])
  })

  it('prints the pinned roster if too few of its people signed the next one, and warns', async () => {
    const forged = await signRoster(second, [localSigner(inspector.privateKey), localSigner(pairs[1]!.privateKey)])
    const { code, stdout, stderr } = await hms(['roster', 'show', '--json'], {
      'GET /v1/roster?since=1': { body: [{ version: 2, envelope: forged }] },
    })
    expect([code, JSON.parse(stdout)]).toEqual([0, pinned])
    expect(stderr).toContain('HMS_ROSTER_THRESHOLD')
  })

  it('prints the pinned roster, byte for byte, if no service responds', async () => {
    const { code, stdout } = await runForTest(['roster', 'show', '--json'], { env: { ...env, HMS_URL: 'http://127.0.0.1:9' } })
    expect([code, stdout]).toEqual([0, `${JSON.stringify(pinned)}\n`])
  })

  it('prints a document from which the next roster can start', async () => {
    expect(JSON.parse((await hms(['roster', 'show', '--document'])).stdout)).toEqual({
      ...first,
      version: 2,
      installation: readRoster(pinned).installation,
    })
  })
})

describe('roster propose', () => {
  it('shows who joins, who leaves and what else changes, and sends the roster unsigned', async () => {
    const file = join(folder, 'next.json')
    const unnamed = {
      ...second,
      principals: { ...second.principals, inspector: { name: 'Inspector', kind: 'person', keys: [{ spki: inspector.spki }] } },
    }
    await writeFile(file, JSON.stringify(unnamed))
    const view = ({ envelope }: { envelope: Envelope }): RosterProposalView => proposal(envelope)
    const { code, stdout, stderr } = await hms(['roster', 'propose', file], { 'POST /v1/roster/proposals': { body: view } })
    expect([code, stderr.split('\n')]).toEqual([
      0,
      [
        'Roster 1 → 2',
        expect.stringMatching(/^ {2}- Air Office \(person\) leaves; what was approved with key SHA256:\S+ no longer counts/),
        `  + Inspector (person) joins with key ${inspector.keyid}`,
        '    role official: Inspector joins; Air Office leaves',
        '    role critical: Inspector joins; Air Office leaves',
        `  ! key ${pairs[3]!.keyid} of State Liaison is revoked since 2026-01-01T00:00:00Z: lost`,
        '  expires: 2034-01-01T00:00:00Z → 2035-01-01T00:00:00Z',
        expect.stringMatching(/^ {2}Digest sha256:[0-9a-f]{64}$/),
        '',
      ],
    ])
    expect(stdout).toContain('✓ Roster 1 asks for 2: signed by no one; 2 more needed')
    const { envelope } = service!.requests.at(-1)!.body as { envelope: Envelope }
    expect(envelope).toEqual(await signRoster({ ...second, installation: readRoster(pinned).installation }, []))
  })

  it('warns if proofs of the current log would no longer count, and accepts names and keys instead of vkeys', async () => {
    const [log, witness, renewed] = [generateKeyPair(), generateKeyPair(), generateKeyPair()]
    const logged = demoRoster({
      people,
      services: [],
      operator: generateKeyPair(),
      log: { spki: log.spki, witness: witness.spki },
      expires: '2034-01-01T00:00:00Z',
    })
    await writeFile(join(folder, 'logged.json'), JSON.stringify(await signedBy(logged, 1, 2)))
    const { log: before, witnesses, quorum } = logged
    const propose = async (next: object): Promise<string[]> => {
      const file = join(folder, 'next-log.json')
      await writeFile(file, JSON.stringify({ ...logged, version: 2, ...next }))
      service = await serveCanned({
        'GET /v1/roster?since=1': { body: [] },
        'POST /v1/roster/proposals': { body: ({ envelope }: { envelope: Envelope }) => proposal(envelope) },
      })
      const { code, stderr } = await runForTest(['roster', 'propose', file], {
        env: { ...env, HMS_ROSTER: join(folder, 'logged.json'), HMS_URL: service.url },
      })
      await service.close()
      expect([code, stderr]).toEqual([0, expect.stringContaining('Roster 1 → 2')])
      return stderr.split('\n').filter((line) => line.includes('no longer counts'))
    }
    const newLog = { name: 'hms-svc.dev/audit', spki: renewed.spki }
    expect(await propose({ log: newLog })).toEqual([
      expect.stringContaining('! what the log and its witnesses proved until now no longer counts'),
    ])
    expect(await propose({ quorum: 0, witnesses: [] })).toHaveLength(1)
    expect(await propose({ log: newLog, earlierLogs: [{ log: before, witnesses, quorum, until: '2033-01-01T00:00:00Z' }] })).toEqual([])
    const named = [
      {
        log: { name: 'hms-svc.dev/audit', spki: log.spki },
        witnesses: [{ name: 'hms-svc.dev/witness', spki: witness.spki }],
        quorum,
        until: '2033-01-01T00:00:00Z',
      },
    ]
    expect(await propose({ log: newLog, earlierLogs: named })).toEqual([])
    expect(await propose({ expires: '2035-01-01T00:00:00Z' })).toEqual([])
  })

  it.each([
    ['a version skipped', { version: 4 }, 'HMS_ROSTER_VERSION'],
    ['another profile', { profile: 'production' }, 'HMS_ROSTER_PROFILE'],
    ['no roles', { roles: 1 }, 'HMS_STATEMENT_INVALID'],
  ] as const)('sends nothing for %s', async (_what, change, code) => {
    const file = join(folder, 'wrong.json')
    await writeFile(file, JSON.stringify({ ...second, ...change }))
    const { code: exit, stderr } = await hms(['roster', 'propose', file])
    expect(exit).not.toBe(0)
    expect(stderr).toContain(code)
    expect(service!.requests.map(({ call }) => call)).toEqual(['GET /v1/roster?since=1'])
  })
})

describe('roster sign', () => {
  it('shows the difference and the digest, signs exactly these bytes and submits', async () => {
    const waiting = proposal(await signedBy(second, 1))
    const responses = {
      'GET /v1/roster/proposals': { body: [waiting] },
      [`POST /v1/roster/proposals/${encodeURIComponent(waiting.digest)}/signatures`]: { body: { ...waiting, state: 'CURRENT' } },
    }
    const { code, stdout, stderr } = await hms(['roster', 'sign', '--sign', 'EPA Chief', '--expect-digest', waiting.digest], responses)
    expect([code, stdout]).toEqual([0, '✓ Signature added\n✓ Roster 2 is in force\n'])
    expect(stderr).toContain(`Digest ${waiting.digest}`)
    const signature = service!.requests.at(-1)!.body as { keyid: string; sig: string }
    expect(signature.keyid).toBe(chiefKey.keyid)
    const signed = { ...waiting.envelope, signatures: [...waiting.envelope.signatures, signature] }
    expect(nextRoster(readRoster(pinned), signed).version).toBe(2)
  })

  it.each([
    ['another digest than was reviewed', ['--sign', 'EPA Chief', '--expect-digest', 'sha256:00'], 5],
    ['a signer without a key', ['--sign', 'Stranger'], 3],
    ['a digest that does not wait', ['sha256:00', '--sign', 'EPA Chief'], 4],
  ])('signs nothing for %s', async (_what, flags, exit) => {
    const { code } = await hms(['roster', 'sign', ...flags], { 'GET /v1/roster/proposals': { body: [proposal(await signedBy(second))] } })
    expect(code).toBe(exit)
    expect(service!.requests.filter(({ call }) => call.startsWith('POST'))).toEqual([])
  })

  it('signs no other roster than the one that the digest names, whatever the service calls it', async () => {
    const swapped = { ...proposal(await signedBy(second, 1)), digest: `sha256:${'0'.repeat(64)}` }
    const { code } = await hms(['roster', 'sign', swapped.digest, '--sign', 'EPA Chief'], {
      'GET /v1/roster/proposals': { body: [swapped] },
    })
    expect([code, service!.requests.filter(({ call }) => call.startsWith('POST'))]).toEqual([5, []])
  })

  it('signs no roster that does not follow from the chain of this machine', async () => {
    const skipped = proposal(await signedBy({ ...second, version: 3 }))
    const { code, stderr } = await hms(['roster', 'sign', '--sign', 'EPA Chief'], { 'GET /v1/roster/proposals': { body: [skipped] } })
    expect(stderr).toContain('HMS_ROSTER_VERSION')
    expect([code, service!.requests.filter(({ call }) => call.startsWith('POST'))]).toEqual([10, []])
  })
})

function proposal(envelope: Envelope): RosterProposalView {
  const progress = [1, 2].map((version) => ({ version, signedBy: [], threshold: 2 }))
  return {
    digest: digestOf(Buffer.from(envelope.payload, 'base64')),
    version: 2,
    envelope,
    state: 'WAITING',
    progress,
    proposedAt: '2026-01-01T00:00:00Z',
  }
}

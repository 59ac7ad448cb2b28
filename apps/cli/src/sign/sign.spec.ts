import { createDemoIdentity } from '#libs/client'
import { type RolloutPlan, textOf, toBase64 } from '#libs/contracts'
import {
  buildRelease,
  digestOf,
  PREDICATE_TYPES,
  readRoster,
  signRoster,
  statement,
  verifyEnvelope,
  writeDecision,
  writeFreeze,
  writeLift,
  writeRunDecision,
  type BreakGlassOrder,
  type Envelope,
  type Roster,
} from '#libs/signing'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runForTest } from '../testing/run-cli.js'

let folder: string
let file: string
let roster: Roster
const subject = { name: 'epa-pm25-limit@2.0.0', digest: { sha256: 'a'.repeat(64) } }
const at = new Date('2026-01-01T00:00:00Z')
const here = { at, installation: digestOf('installation') }
const freeze = writeFreeze({ id: 'smog-week', reason: 'smog\u202e', scope: 'region:NCR' }, here).payload
const lift = writeLift({ id: 'smog-week', declared: digestOf(freeze), reason: 'over' }, here).payload
const decision = writeDecision({ subject: digestOf('a'), decision: 'reject', reason: 'too soon', at }).payload
const abort = writeRunDecision({ run: 184, attempt: 2, subject: digestOf('a'), decision: 'abort', reason: 'wrong sensor', at }).payload

function release(plan: Partial<RolloutPlan> = {}, breakGlass?: BreakGlassOrder): Uint8Array {
  return buildRelease({
    policy: { id: 'epa-pm25-limit', version: '2.0.0', limit: 2500, 'no\u001b[1A plain.word': ['x'] },
    releaseEpoch: 2,
    previous: null,
    fallbacks: [],
    scopes: ['global'],
    author: null,
    plan: { share: 10_000, scope: 'global', scopeName: 'everywhere', observeMs: 0, bakeMs: 1, partners: null, ...plan },
    ...(breakGlass === undefined ? {} : { breakGlass }),
    preparedAt: '2026-01-01T00:00:00Z',
    expires: '2026-01-08T00:00:00Z',
  }).payload
}

/** Returns the statement with other subjects, in canonical form. */
function about(payload: Uint8Array, subjects = [subject]): Uint8Array {
  const { predicateType, predicate } = JSON.parse(textOf(payload)) as { predicateType: string; predicate: unknown }
  return statement(predicateType, subjects, predicate)
}

function unsigned(payload: Uint8Array): string {
  return JSON.stringify({ payload: toBase64(payload), payloadType: 'application/vnd.in-toto+json', signatures: [] })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-sign-'))
  file = join(folder, 'statement.json')
  await createDemoIdentity(folder, ['approver'])
  roster = readRoster(JSON.parse(await readFile(join(folder, 'roster.json'), 'utf8')))
})
afterAll(() => rm(folder, { recursive: true }))

const sign = async (content: string | Uint8Array, ...flags: string[]) => {
  await writeFile(file, content)
  return runForTest(['sign', file, '--sign', 'EPA Chief', ...flags], {
    env: { HMS_DATA_DIR: folder },
  })
}

describe('sign', () => {
  it('signs the bytes unchanged, and shows their content first', async () => {
    const { code, stdout, stderr } = await sign(freeze)
    expect(code).toBe(0)
    expect(stderr).toMatch(/^This is a freeze:\n  freeze smog-week {2}sha256:[0-9a-f]{64}\n/)
    expect(stderr).toContain(`digest ${digestOf(freeze).slice(0, 11)} `)
    expect(verifyEnvelope(JSON.parse(stdout), roster.keysOfKind('person'))).toMatchObject({
      payload: freeze,
      keyids: [expect.any(String)],
    })
  })

  // The author of the file chooses all its content: showing only a subject's name would hide the rest.
  it.each<[string, Uint8Array, string[]]>([
    [
      'release',
      release(),
      ['policy.limit 2500', 'policy."no\\u001b[1A plain.word".0 "x"', 'plan.share 10000', 'plan.bakeMs 1', 'previous null', 'fallbacks []'],
    ],
    ['freeze', freeze, ['action "declare"', 'freeze.scope "region:NCR"', 'freeze.reason "smog\\u{202e}"']],
    ['lifted freeze', lift, ['action "lift"', 'id "smog-week"', `declared "${digestOf(freeze)}"`]],
    ['decision', decision, ['decision "reject"', `subject "${digestOf('a')}"`, 'reason "too soon"']],
    ['decision about a run', abort, ['decision "abort"', 'run 184', 'attempt 2', 'reason "wrong sensor"']],
  ])('shows every field of a %s', async (_kind, payload, lines) => {
    for (const content of [payload, unsigned(payload)]) {
      const { code, stderr } = await sign(content)
      expect(code, stderr).toBe(0)
      expect(stderr.split('\n')).toEqual(expect.arrayContaining(lines.map((line) => `  ${line}`)))
    }
  })

  it('shows every principal and role of a roster', async () => {
    const { predicate } = JSON.parse(Buffer.from(roster.envelope.payload, 'base64').toString())
    const mallory = { ...predicate.principals['epa-chief'], name: 'Mallory', keys: [] }
    const roles = [{ name: 'all', principals: ['mallory'], threshold: 1, match: { all: true } }]
    const { payload } = await signRoster({ ...predicate, version: 2, principals: { ...predicate.principals, mallory }, roles }, [])
    const { code, stderr } = await sign(Buffer.from(payload, 'base64'))
    expect(code, stderr).toBe(0)
    for (const line of ['principals.mallory.name "Mallory"', 'principals.epa-chief.name "EPA Chief"', 'roles.0.principals.0 "mallory"'])
      expect(stderr).toContain(`\n  ${line}\n`)
  })

  it('shows that a release is break-glass, and the reason', async () => {
    expect((await sign(release({}, { reason: 'wrong sensor' }))).stderr).toContain(
      '  BREAK-GLASS, past simulation and canary: wrong sensor\n',
    )
    expect((await sign(release())).stderr).not.toContain('BREAK-GLASS')
  })

  it('adds a signature to an envelope that other people signed', async () => {
    const first = JSON.parse((await sign(freeze)).stdout) as Envelope
    const other = { ...first, signatures: [{ keyid: 'other', sig: 'AA==' }] }
    const both = JSON.parse((await sign(JSON.stringify(other))).stdout) as Envelope
    expect(both.signatures.map(({ keyid }) => keyid)).toEqual(['other', first.signatures[0]?.keyid])
  })

  it.each<[string, string | Uint8Array, number, string]>([
    ['a release with a subject of another thing', about(release()), 10, 'HMS_STATEMENT_INVALID'],
    ['a freeze with a subject of another thing', about(freeze), 10, 'HMS_STATEMENT_INVALID'],
    ['a decision with a subject of another thing', unsigned(about(decision)), 10, 'HMS_STATEMENT_INVALID'],
    [
      'a decision about a run without an attempt',
      statement(PREDICATE_TYPES.decision, [subject], { subject: digestOf('a'), run: 1 }),
      10,
      'attempt is missing',
    ],
    ['a release without a plan', statement(PREDICATE_TYPES.release, [subject], { policy: {} }), 10, 'HMS_STATEMENT_INVALID'],
    ['an unreadable roster', statement(PREDICATE_TYPES.roster, [subject], { version: 2 }), 10, 'HMS_STATEMENT_INVALID'],
    ['what services sign', statement(PREDICATE_TYPES.head, [subject], {}), 2, 'HMS_CLI_USAGE'],
    ['a request', statement(PREDICATE_TYPES.request, [subject], {}), 2, 'HMS_CLI_USAGE'],
    ['a trial', statement(PREDICATE_TYPES.trial, [subject], {}), 2, 'HMS_CLI_USAGE'],
    ['a name of every object', JSON.stringify({ predicateType: 'constructor' }), 2, 'HMS_CLI_USAGE'],
    ['text', 'pay 100 to me', 2, 'HMS_CLI_USAGE'],
    ['a number', '5', 2, 'HMS_CLI_USAGE'],
    ['null', 'null', 2, 'HMS_CLI_USAGE'],
    ['two readings of one text', freeze.toString().replace('{', '{ '), 10, 'HMS_SIGNATURE_NOT_CANONICAL'],
    [
      'an envelope of another type',
      JSON.stringify({
        payload: toBase64(freeze),
        payloadType: 'text/plain',
        signatures: [],
      }),
      10,
      'HMS_STATEMENT_TYPE',
    ],
  ])('refuses %s', async (_what, content, exit, problem) => {
    const { code, stdout, stderr } = await sign(content)
    expect([code, stdout, stderr]).toEqual([exit, '', expect.stringContaining(problem)])
  })

  it('refuses another digest than the expected one', async () => {
    const { code, stdout } = await sign(freeze, '--expect-digest', `sha256:${'0'.repeat(64)}`)
    expect([code, stdout]).toEqual([5, ''])
  })
})

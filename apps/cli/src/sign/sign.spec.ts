import { createDemoIdentity } from '#libs/client'
import { digestOf, PREDICATE_TYPES, readRoster, statement, verifyEnvelope, type Envelope } from '#libs/signing'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runForTest } from '../testing/run-cli.js'

let folder: string
let file: string
const subject = { name: 'epa-pm25-limit@2.0.0', digest: { sha256: 'a'.repeat(64) } }
const freeze = statement(PREDICATE_TYPES.freeze, [subject], { any: 'thing' })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hms-sign-'))
  file = join(folder, 'statement.json')
  await createDemoIdentity(folder, ['approver'])
})
afterAll(() => rm(folder, { recursive: true }))

const sign = async (content: string | Buffer, ...flags: string[]) => {
  await writeFile(file, content)
  return runForTest(['sign', file, '--sign', 'EPA Chief', ...flags], {
    env: { HMS_DATA_DIR: folder },
  })
}

describe('sign', () => {
  it('signs the bytes as they are, and shows before what they are', async () => {
    const { code, stdout, stderr } = await sign(freeze)
    expect(code).toBe(0)
    expect(stderr).toContain(`This is a freeze:\n  ${subject.name}  sha256:aaaa`)
    expect(stderr).toContain(`digest ${digestOf(freeze).slice(0, 11)} `)
    const keys = readRoster(JSON.parse(await readFile(join(folder, 'roster.json'), 'utf8'))).keysOfKind('person')
    expect(verifyEnvelope(JSON.parse(stdout), keys)).toMatchObject({
      payload: freeze,
      keyids: [expect.any(String)],
    })
  })

  it('says that a release is break-glass, and why', async () => {
    const release = statement(PREDICATE_TYPES.release, [subject], {
      breakGlass: { reason: 'wrong sensor' },
    })
    expect((await sign(release)).stderr).toContain('  BREAK-GLASS, past simulation and canary: wrong sensor\n')
    expect((await sign(statement(PREDICATE_TYPES.release, [subject], {}))).stderr).not.toContain('BREAK-GLASS')
  })

  it('adds to what others signed', async () => {
    const first = JSON.parse((await sign(freeze)).stdout) as Envelope
    const other = { ...first, signatures: [{ keyid: 'other', sig: 'AA==' }] }
    const both = JSON.parse((await sign(JSON.stringify(other))).stdout) as Envelope
    expect(both.signatures.map(({ keyid }) => keyid)).toEqual(['other', first.signatures[0]?.keyid])
  })

  it.each<[string, string | Buffer, number, string]>([
    ['what services sign', statement(PREDICATE_TYPES.head, [subject], {}), 2, 'HMS_CLI_USAGE'],
    ['a request', statement(PREDICATE_TYPES.request, [subject], {}), 2, 'HMS_CLI_USAGE'],
    ['a name of every object', JSON.stringify({ predicateType: 'constructor' }), 2, 'HMS_CLI_USAGE'],
    ['text', 'pay 100 to me', 2, 'HMS_CLI_USAGE'],
    ['a number', '5', 2, 'HMS_CLI_USAGE'],
    ['null', 'null', 2, 'HMS_CLI_USAGE'],
    ['two readings of one text', freeze.toString().replace('{', '{ '), 10, 'HMS_SIGNATURE_NOT_CANONICAL'],
    [
      'an envelope of another type',
      JSON.stringify({
        payload: freeze.toString('base64'),
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

  it('refuses what was not expected, before the key is opened', async () => {
    const { code, stdout } = await sign(freeze, '--expect-digest', `sha256:${'0'.repeat(64)}`)
    expect([code, stdout]).toEqual([5, ''])
  })
})

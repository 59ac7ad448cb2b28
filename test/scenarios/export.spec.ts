import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalJson, toHex } from '#libs/contracts'
import { MemoryBus } from '#libs/messaging/testing'
import {
  generateKeyPair,
  leafHash,
  localSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  vkeyOf,
  type RosterPredicate,
} from '#libs/signing'
import { runForTest, type CliRun } from '../../apps/cli/src/testing/run-cli.js'
import type { ExportRecord } from '../../apps/cli/src/export/records.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const log = generateKeyPair()
const witness = generateKeyPair()

function withLog(roster: RosterPredicate): void {
  roster.log = vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(log.publicKey))
  roster.witnesses = [vkeyOf('example.org/witness', NOTE_COSIGNATURE, rawPublicKey(witness.publicKey))]
  roster.quorum = 1
}

function withOtherKey(record: ExportRecord): ExportRecord {
  if (record.type !== 'entry' || record.entry.index !== 2) return record
  const { index, leafHash: _hash, ...facts } = { ...record.entry, key: 'ozone' }
  const leaf = leafHash(Buffer.from(canonicalJson(facts)))
  return { type: 'entry', entry: { index, ...facts, leafHash: toHex(leaf) } }
}

describe('an export', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let exported: CliRun
  const folder = mkdtempSync(join(tmpdir(), 'hms-export-'))
  const file = join(folder, 'export.ndjson')
  beforeAll(async () => {
    system = await startMemorySystem({}, new MemoryBus(), withLog, async (name) =>
      localSigner((name === 'audit-log' ? log : witness).privateKey),
    )
    writeFileSync(join(folder, 'roster.json'), JSON.stringify(system.roster.envelope))
    press = new PipelineDriver(system)
    await live('pm25@1.0.0=35')
    await live('pm25@2.0.0=25')
    await live('ozone@1.0.0=70', new Date(system.clock.now().getTime() + 60_000).toISOString())
    await atRest()
    exported = await cli('export', '--out', file)
  })
  afterAll(async () => {
    await system.stop()
    rmSync(folder, { recursive: true })
  })

  const live = async (policy: string, effective?: string): Promise<void> => {
    const run = await press.approve([policy], { observeMs: 0, bakeMs: 0 }, { effective })
    await system.runUntil(async () => (await press.show(run)).state === 'SUCCEEDED', 300_000)
  }
  /** Until everything that was said is under a checkpoint. */
  const atRest = async (): Promise<void> => {
    for (let second = 0; second < 10; second++) {
      await system.settle()
      system.clock.advanceTo(system.clock.now().getTime() + 1_000)
    }
    await system.settle()
  }
  const cli = (...argv: string[]): Promise<CliRun> =>
    runForTest(argv, { env: { HMS_URL: system.url, HMS_ROSTER: join(folder, 'roster.json'), HMS_DATA_DIR: join(folder, 'none') } })
  const check = (of: string): Promise<CliRun> =>
    runForTest(['export', '--check', of], { env: { HMS_URL: 'http://127.0.0.1:9', HMS_ROSTER: join(folder, 'roster.json') } })
  const records = (text: string): ExportRecord[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ExportRecord)
  const versions = (text: string): string[] =>
    records(text).flatMap((record) => (record.type === 'live' ? (record.record.version ?? []) : []))

  it('contains every entry and every document, and is verified with the roster alone', async () => {
    expect([exported.stderr, exported.code]).toEqual([`  next: hms-svc export --check ${file}\n`, 0])
    const text = readFileSync(file, 'utf8')
    expect(records(text)[0]).toMatchObject({ type: 'export', v: 1, installation: system.roster.installation })
    expect(versions(text)).toEqual(['1.0.0', '2.0.0'])
    expect(records(text).at(-1)).toMatchObject({ type: 'checkpoint' })
    const checked = await check(file)
    expect([checked.stderr, checked.code]).toEqual(['', 0])
  })

  it('continues where it ended, also when its last line was cut', async () => {
    const before = readFileSync(file, 'utf8')
    writeFileSync(file, `${before}{"type":"entry","entry":{"ind`)
    await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' })
    await atRest()
    expect((await cli('export', '--out', file)).code).toBe(0)
    const after = readFileSync(file, 'utf8')
    expect(after.startsWith(before)).toBe(true)
    expect(versions(after)).toEqual(['1.0.0', '2.0.0', '1.0.0'])
    expect((await check(file)).code).toBe(0)
  })

  it('contains what took effect later', async () => {
    const heads = records(readFileSync(file, 'utf8'))
    const held = heads.flatMap((record) => (record.type === 'live' && record.record.policy === 'ozone' ? [record.record] : []))
    expect(held).toMatchObject([{ digest: null, next: { version: '1.0.0', approvedBy: ['EPA Chief'] } }])
    const { stdout } = await runForTest(['export', '--check', file, '--json'], { env: { HMS_ROSTER: join(folder, 'roster.json') } })
    expect(JSON.parse(stdout)).toMatchObject({ live: heads.filter(({ type }) => type === 'live').length, withdrawn: 0 })
  })

  it.each<[what: string, change: (all: ExportRecord[]) => ExportRecord[], message?: string]>([
    ['an entry that is gone', (all) => all.toSpliced(all.findIndex(({ type }) => type === 'entry') + 1, 1)],
    [
      'an entry with other content',
      (all) =>
        all.map((each) => (each.type === 'entry' && each.entry.index === 2 ? { ...each, entry: { ...each.entry, key: 'ozone' } } : each)),
    ],
    [
      'a document that was moved to another policy',
      (all) => all.map((each) => (each.type === 'live' ? { ...each, record: { ...each.record, policy: 'ozone' } } : each)),
    ],
    [
      'a release that other people signed',
      (all) =>
        all.map((each) =>
          each.type === 'live' ? { ...each, record: { ...each.record, release: { ...each.record.release!, signatures: [] } } } : each,
        ),
    ],
    [
      'a proof of another document',
      (all) => {
        const [first] = all.flatMap((each) => (each.type === 'live' ? [each.record.proof] : []))
        return all.map((each) => (each.type === 'live' ? { ...each, record: { ...each.record, proof: first! } } : each))
      },
    ],
    [
      'a release that was held, and is gone',
      (all) => all.map((each) => (each.type === 'live' ? { ...each, record: { ...each.record, next: null } } : each)),
      'it names other releases than its head',
    ],
    [
      'an unsigned withdrawal',
      (all) => all.map((each) => (each.type === 'live' ? { ...each, record: { ...each.record, digest: null } } : each)),
    ],
    ['an entry with other content and its hash', (all) => all.map(withOtherKey)],
    ['its end', (all) => all.filter(({ type }) => type !== 'checkpoint')],
    ['entries behind the last checkpoint', (all) => [...all, all.find(({ type }) => type === 'entry')!]],
  ])('is refused with %s', async (_what, change, message = '') => {
    const forged = join(folder, 'forged.ndjson')
    writeFileSync(
      forged,
      change(records(readFileSync(file, 'utf8')))
        .map((record) => `${JSON.stringify(record)}\n`)
        .join(''),
    )
    const { code, stdout, stderr } = await check(forged)
    expect([stdout, code]).toEqual(['', 10])
    expect(stderr).toContain('HMS_PROOF_INVALID')
    expect(stderr).toContain(message)
  })

  it('is refused by another roster, and when a line is none', async () => {
    const other = join(folder, 'other.ndjson')
    writeFileSync(other, 'not a record\n')
    expect((await check(other)).stderr).toContain('HMS_EXPORT_MALFORMED')
    expect((await cli('export', '--out', other)).code).toBe(2)
  })
})

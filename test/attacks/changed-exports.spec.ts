import * as fc from 'fast-check'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { peekPredicate, type Json } from '#libs/contracts'
import { MemoryBus } from '#libs/messaging/testing'
import {
  generateKeyPair,
  localSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  signHead,
  signRoster,
  vkeyOf,
  type HeadPredicate,
  type RosterPredicate,
} from '#libs/signing'
import { runForTest, type CliRun } from '../../apps/cli/src/testing/run-cli.js'
import { PUBLISHED, type ExportRecord } from '#libs/export'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'

const log = generateKeyPair()
const witness = generateKeyPair()

function withLog(roster: RosterPredicate): void {
  roster.log = vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(log.publicKey))
  roster.witnesses = [vkeyOf('example.org/witness', NOTE_COSIGNATURE, rawPublicKey(witness.publicKey))]
  roster.quorum = 1
}

type LoggedEntry = Extract<ExportRecord, { type: 'entry' }>

type Path = (string | number)[]

/** Paths of all values that contain no other. */
function leavesOf(value: Json | undefined, path: Path = []): Path[] {
  if (Array.isArray(value)) return value.flatMap((each, index) => leavesOf(each, [...path, index]))
  if (typeof value === 'object' && value !== null) return Object.keys(value).flatMap((name) => leavesOf(value[name], [...path, name]))
  return value === undefined ? [] : [path]
}

function changedAt(value: Json, [name, ...rest]: Path, change: (leaf: Json) => Json): Json {
  if (name === undefined) return change(value)
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, Json>
  copy[name] = changedAt(copy[name]!, rest, change)
  return copy as Json
}

/** Another value of the same type, or of another one. */
function otherThan(leaf: Json, seed: number): Json {
  const others: Json[] = [null, 'x', 7, true, [], '2026-01-02T03:04:05.000Z']
  if (typeof leaf === 'number') others.push(leaf + 1, leaf - 1)
  if (typeof leaf === 'string' && leaf !== '') {
    const at = seed % leaf.length
    others.push(`${leaf} `, leaf.slice(1), leaf.slice(0, at) + (leaf[at] === 'A' ? 'B' : 'A') + leaf.slice(at + 1))
  }
  return others.filter((other) => JSON.stringify(other) !== JSON.stringify(leaf))[(seed % 7) % others.length] ?? 'x'
}

describe('an export of which something is changed', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let lines: string[]
  const folder = mkdtempSync(join(tmpdir(), 'hms-changed-'))
  const file = join(folder, 'export.ndjson')
  const env = (): Record<string, string> => ({
    HMS_URL: system.url,
    HMS_ROSTER: join(folder, 'roster.json'),
    HMS_DATA_DIR: join(folder, 'none'),
  })

  beforeAll(async () => {
    system = await startMemorySystem({}, new MemoryBus(), withLog, async (name) =>
      localSigner((name === 'audit-log' ? log : witness).privateKey),
    )
    writeFileSync(join(folder, 'roster.json'), JSON.stringify(system.roster.envelope))
    press = new PipelineDriver(system)
    await live(['pair-a@1.0.0=5', 'pair-b@1.0.0=5'])
    await live(['pair-a@2.0.0=4', 'pair-b@2.0.0=4'])
    await live(['ozone@1.0.0=70'], new Date(system.clock.now().getTime() + 60_000).toISOString())
    await atRest()
    await exported()
    await press.api.post('/v1/rollbacks', {
      policy: 'pair-a',
      version: '1.0.0',
      reason: 'tree frogs were seen',
      publicReason: 'under review',
    })
    await atRest()
    await press.withdraw('ozone', 'EPA Chief', 'a state rule replaces it')
    await nextRoster()
    await atRest()
    await exported()
    lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  }, 120_000)
  afterAll(async () => {
    await system.stop()
    rmSync(folder, { recursive: true })
  })

  const live = async (policies: string[], effective?: string): Promise<void> => {
    const run = await press.approve(policies, { observeMs: 0, bakeMs: 0 }, { effective, reason: 'approved for a test' })
    await system.runUntil(async () => (await press.show(run)).state === 'SUCCEEDED', 300_000)
  }
  const nextRoster = async (): Promise<void> => {
    const { predicate } = JSON.parse(Buffer.from(system.roster.envelope.payload, 'base64').toString()) as { predicate: RosterPredicate }
    const signers = ['EPA Chief', 'EPA Counsel', 'Air Office'].flatMap((name) => system.signers.get(name) ?? [])
    const next = { ...predicate, version: predicate.version + 1, expires: '2037-01-01T00:00:00Z', installation: system.roster.installation }
    await press.api.post('/v1/roster/proposals', { envelope: await signRoster(next, signers) })
  }
  const atRest = async (): Promise<void> => {
    for (let second = 0; second < 10; second++) {
      await system.settle()
      system.clock.advanceTo(system.clock.now().getTime() + 1_000)
    }
    await system.settle()
  }
  const exported = async (): Promise<void> => {
    expect(await runForTest(['export', '--out', file], { env: env() })).toMatchObject({ code: 0 })
  }
  const check = (text: string[]): Promise<CliRun> => {
    const forged = join(folder, 'forged.ndjson')
    writeFileSync(forged, text.map((line) => `${line}\n`).join(''))
    return runForTest(['export', '--check', forged], { env: { HMS_ROSTER: join(folder, 'roster.json') } })
  }
  const found = async (text: string[], what: string): Promise<void> => {
    const { code, stdout, stderr } = await check(text)
    expect([code, stdout], `${what}: ${stderr}`).toEqual([10, ''])
    expect(stderr, what).toMatch(/line \d+|the end|HMS_EXPORT_MALFORMED/)
  }

  it('passes unchanged, in two parts, and contains who rolled it back and why', async () => {
    const { code, stderr } = await check(lines)
    expect([stderr, code]).toEqual(['', 0])
    const records = lines.map((line) => JSON.parse(line) as ExportRecord)
    expect(records.filter(({ type }) => type === 'checkpoint')).toHaveLength(2)
    const events = records.flatMap((record) => (record.type === 'entry' ? (record.event ?? []) : []))
    const texts = events.map(({ payload }) => Buffer.from(payload, 'base64').toString())
    expect(texts.filter((text) => text.includes('tree frogs were seen')).length).toBeGreaterThan(0)
    expect(texts.filter((text) => text.includes('a state rule replaces it')).length).toBeGreaterThan(0)
  })

  it('names a line that is missing, repeated, or moved', async () => {
    const at = fc.nat({ max: lines.length - 1 })
    await fc.assert(
      fc.asyncProperty(at, at, fc.constantFrom('drop', 'double', 'swap'), async (one, other, how) => {
        const changed = [...lines]
        if (how === 'drop') changed.splice(one, 1)
        if (how === 'double') changed.splice(other, 0, lines[one]!)
        if (how === 'swap') [changed[one], changed[other]] = [lines[other]!, lines[one]!]
        fc.pre(changed.join('\n') !== lines.join('\n'))
        await found(changed, `${how} ${one} ${other}`)
      }),
      { numRuns: 60 },
    )
  }, 300_000)

  it('names lines that are moved in a file whose first line claims to be of a build before', async () => {
    const isLive = (line: string): boolean => line.startsWith('{"type":"live"')
    const at = lines.findIndex((line, index) => isLive(line) && isLive(lines[index + 1]!))
    const first = JSON.stringify({ ...(JSON.parse(lines[0]!) as object), at: '2026-01-02T03:04:05.000Z' })
    await found([first, ...lines.slice(1, at), lines[at + 1]!, lines[at]!, ...lines.slice(at + 2)], 'two heads swapped')
  })

  it('names a head that rollout signed and no entry reports, at the time when a canary was published', async () => {
    const at = lines.findIndex((line) => line.startsWith('{"type":"live"'))
    const { record } = JSON.parse(lines[at]!) as Extract<ExportRecord, { type: 'live' }>
    const { revision: _revision, change: _change, ...rest } = record
    const entries = lines.slice(0, at).flatMap((line) => (line.startsWith('{"type":"entry"') ? [JSON.parse(line) as LoggedEntry] : []))
    const canary = entries.find(({ entry, event }) => entry.type === PUBLISHED && entry.run === record.run && event === undefined)
    const { issuedAt } = peekPredicate<HeadPredicate>(record.head)
    const seq = record.seq + 100
    const signed = { policy: record.policy, scope: 'global', seq, current: record.digest, run: record.run!, issuedAt }
    const head = await signHead(signed, system.signerOf('rollout'))
    const forged = JSON.stringify({ type: 'live', record: { ...rest, seq, head, storedAt: canary!.entry.at } })
    await found(lines.toSpliced(at, 0, forged), 'a head that was never stored')
  })

  it('names each line that is no entry and is gone', async () => {
    for (const [index, line] of lines.entries())
      if (!line.startsWith('{"type":"entry"')) await found(lines.toSpliced(index, 1), `without line ${index + 1}`)
  }, 300_000)

  it('names a line of which any value is another', async () => {
    const others = lines.flatMap((line, index) => (line.startsWith('{"type":"entry"') ? [] : [index]))
    const entries = lines.flatMap((line, index) => (line.startsWith('{"type":"entry"') ? [index] : []))
    const which = fc.oneof(fc.constantFrom(...others), fc.constantFrom(...entries))
    await fc.assert(
      fc.asyncProperty(which, fc.nat(), fc.nat(), async (index, leaf, seed) => {
        const record = JSON.parse(lines[index]!) as Json
        const paths = leavesOf(record)
        const path = paths[leaf % paths.length]!
        const changed = JSON.stringify(changedAt(record, path, (value) => otherThan(value, seed)))
        fc.pre(changed !== JSON.stringify(record))
        await found(lines.with(index, changed), `line ${index + 1} ${path.join('.')} seed ${seed}`)
      }),
      { numRuns: 150 },
    )
  }, 300_000)
})

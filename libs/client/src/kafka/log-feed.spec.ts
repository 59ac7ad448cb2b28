import { bundleTags, type StableHead } from '#libs/signing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HmsError } from '#libs/contracts'
import { FakeLog } from '../testing/fake-log.js'
import { ManualClock } from '../testing/manual-clock.js'
import { sampleDocument, sampleFreshness } from '../testing/sample-document.js'
import { documentRecord, freshnessRecord, rosterRecord, sampleRecord, textRecord } from '../testing/sample-records.js'
import { REPLACED_KEY_ROSTER_BYTES, SAMPLE_ROSTER_BYTES, sampleRoster } from '../testing/sample-trust.js'
import { openFollower } from './follow-policies.js'
import type { ReaderSession } from '../connection/reader-session.js'

const STATE = 'hms.config.state.v1'
const ROSTERS = 'hms.roster.v1'
const ID = 'epa-pm25-limit'
const PLACE = `${ID}@global`
const MINUTE = 60_000
/** Timeout for polling, long enough for a busy machine. */
const PATIENT = { timeout: 30_000 }
const old = sampleDocument({ policy: { id: ID, version: '1.5.0', limit: 35 }, seq: 1, revision: 4 })
const strict = sampleDocument({ policy: { id: ID, version: '2.0.0', limit: 25 }, seq: 2, revision: 5 })
const stricter = sampleDocument({ policy: { id: ID, version: '3.0.0', limit: 20 }, seq: 3, revision: 6 })
const canary = sampleDocument({ policy: { id: ID, version: '3.0.0', limit: 20 }, scope: 'region:NCR', base: strict.digest })

let log: FakeLog
let clock: ManualClock
let open: ReaderSession[]
let errors: string[]
let states: string[]

beforeEach(() => {
  log = new FakeLog()
  clock = new ManualClock(Date.parse('2024-09-01T12:00:00Z'))
  open = []
  errors = []
  states = []
})
afterEach(() => Promise.all(open.map((follower) => follower.close())))

type Options = Partial<Parameters<typeof openFollower>[0]>

async function follow(options: Options = {}): Promise<ReaderSession> {
  const follower = await openFollower(
    { bot: 'inspector-7', region: 'NCR', roster: SAMPLE_ROSTER_BYTES, timeoutMs: 2_000, ...options },
    log,
    clock,
  )
  open.push(follower)
  follower.on('error', (error) => errors.push((error as HmsError).code ?? error.message))
  follower.on('stale', ({ code }) => states.push(`STALE ${code ?? ''}`.trim()))
  follower.on('ready', () => states.push('READY'))
  await log.atEnd()
  return follower
}

const limit = (follower: ReaderSession): unknown => follower.get(ID)['limit']
const stable = (...documents: (typeof old)[]): StableHead[] =>
  documents.map(({ id, seq, digest }) => ({ policy: id, seq, current: digest }))
/** Returns a record with rollout's freshness statement on these heads, issued now. */
const word = (heads: StableHead[], roster = 1) => {
  const at = (ms: number): string => new Date(clock.now() + ms).toISOString()
  return freshnessRecord(sampleFreshness(heads, at(0), at(5 * MINUTE), roster))
}

/** Advances the clock while the broker responds each second without new records. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    clock.advance(Math.min(left, 1_000))
    await log.poll()
  }
}

describe('a follower of the state topic', () => {
  it('resolves at the end of the log, reads without I/O, and follows new records', async () => {
    log.batch = 1
    await log.write(STATE, documentRecord(old), textRecord('~heartbeat', '2024-09-01T00:00:00Z'), documentRecord(strict))
    const follower = await follow()
    expect(follower.explain(ID)).toMatchObject({
      version: '2.0.0',
      revision: 5,
      source: 'live',
      ageMs: 0,
      state: 'READY',
      trust: 'pinned',
      scope: 'global',
    })
    expect(follower.ids()).toEqual([ID])
    const changes: unknown[] = []
    follower.on('change', (change) => changes.push(change))
    await log.write(STATE, documentRecord(stricter))
    expect([limit(follower), changes]).toEqual([20, [{ id: ID, from: '2.0.0', to: '3.0.0', revision: 6 }]])
    expect(errors).toEqual([])
  })

  it('neither applies nor reports superseded documents, which a re-read log contains', async () => {
    const follower = await follow()
    const seen: unknown[] = []
    follower.on('change', ({ to }) => seen.push(to))
    await log.write(STATE, documentRecord(old), documentRecord(strict), documentRecord(old), documentRecord(strict))
    expect([seen, errors, follower.state]).toEqual([['2.0.0'], [], 'READY'])
  })

  it('is READY without policies on an empty log', async () => {
    const follower = await follow()
    expect(follower.state).toBe('READY')
    expect(() => follower.get(ID)).toThrow(expect.objectContaining({ code: 'HMS_POLICY_NOT_FOUND' }) as Error)
  })

  it('applies a canary for its bot, and leaves it when the lease expires', async () => {
    const canary = sampleDocument({
      policy: { id: ID, version: '2.0.0', limit: 25 },
      scope: 'region:NCR',
      share: 10_000,
      base: old.digest,
      expires: '2024-09-01T12:00:20Z',
    })
    await log.write(STATE, documentRecord(old), documentRecord(canary))
    const follower = await follow()
    expect(limit(follower)).toBe(25)
    clock.advance(20_000)
    expect(limit(follower)).toBe(35)
  })

  it('applies a bundle in one step, and waits at most ten seconds for missing members', async () => {
    const follower = await follow()
    const [a, b] = ['a-limit', 'b-limit'].map((id) => sampleDocument({ policy: { id, version: '1.0.0' }, seq: 1, revision: 7 }))
    await log.write(STATE, documentRecord(a!, bundleOf('a-limit', 'b-limit')))
    expect(follower.ids()).toEqual([])
    await log.write(STATE, documentRecord(b!, bundleOf('a-limit', 'b-limit')))
    expect(follower.ids()).toEqual(['a-limit', 'b-limit'])
    const c = sampleDocument({ policy: { id: 'c-limit', version: '1.0.0' }, seq: 1, revision: 8 })
    await log.write(STATE, documentRecord(c, bundleOf('c-limit', 'd-limit')))
    clock.advance(10_000)
    await log.poll()
    expect(follower.ids()).toEqual(['a-limit', 'b-limit', 'c-limit'])
  })

  it('does not wait for a bundle member that compaction replaced with a newer document', async () => {
    const a = sampleDocument({ policy: { id: 'a-limit', version: '1.0.0' }, seq: 1, revision: 7 })
    const b = sampleDocument({ policy: { id: 'b-limit', version: '1.1.0' }, seq: 2, revision: 9 })
    await log.write(STATE, documentRecord(a, bundleOf('a-limit', 'b-limit')), documentRecord(b))
    expect((await follow()).ids()).toEqual(['a-limit', 'b-limit'])
  })

  it('is STALE while the broker is unreachable, and READY afterwards', async () => {
    await log.write(STATE, documentRecord(old))
    const follower = await follow()
    log.break(new HmsError('HMS_BROKER_UNREACHABLE', 'gone', { status: 503 }))
    await log.atEnd()
    expect(states).toEqual(['STALE'])
    await log.write(STATE, documentRecord(strict))
    expect([limit(follower), states]).toEqual([25, ['STALE', 'READY']])
  })

  it('is STALE after five seconds without a response of the broker, and READY after the next one', async () => {
    await log.write(STATE, documentRecord(old))
    const follower = await follow()
    await pass(60_000)
    clock.advance(4_999)
    expect([follower.state, states]).toEqual(['READY', []])
    clock.advance(1)
    expect([follower.state, states, limit(follower)]).toEqual(['STALE', ['STALE'], 35])
    await log.poll()
    expect([follower.state, states]).toEqual(['READY', ['STALE', 'READY']])
  })

  it('is not STALE after its own process was suspended', async () => {
    const follower = await follow()
    clock.stall(60_000)
    expect(follower.state).toBe('READY')
    await log.poll()
    clock.advance(4_999)
    expect(states).toEqual([])
  })

  it('is STALE when the end is not reached for half a minute, although the broker responds', async () => {
    const follower = await follow()
    log.endless = true
    await pass(29_000)
    expect(follower.state).toBe('READY')
    await pass(1_000)
    expect(follower.state).toBe('STALE')
  })

  it('rejects with the broker’s refusal, and closes the source', async () => {
    log.faults.set(STATE, new HmsError('HMS_BROKER_DENIED', 'no', { status: 403 }))
    await expect(follow()).rejects.toMatchObject({ code: 'HMS_BROKER_DENIED' })
    expect(log.closed).toBe(true)
  })

  it('re-reads a recreated log, and is not rolled back by it', async () => {
    await log.write(STATE, documentRecord(old), documentRecord(strict), textRecord('~heartbeat', 'now'))
    const follower = await follow()
    log.rewrite(STATE, [documentRecord(old)])
    await log.poll()
    expect([limit(follower), errors]).toEqual([25, ['HMS_HEAD_REPLAYED']])
    await log.write(STATE, documentRecord(strict), documentRecord(stricter))
    expect(limit(follower)).toBe(20)
  })
})

describe('an attacker with root on the broker', () => {
  let follower: ReaderSession
  beforeEach(async () => {
    await log.write(STATE, documentRecord(old), documentRecord(strict), word(stable(strict)))
    follower = await follow()
    expect([limit(follower), follower.state]).toEqual([25, 'READY'])
  })

  const payload = (text: string): string =>
    Buffer.from(Buffer.from(stricter.release!.payload, 'base64').toString().replace('"limit":20', text)).toString('base64')
  const edited = { ...stricter, release: { ...stricter.release!, payload: payload('"limit":99') } }
  const unapproved = sampleDocument({ policy: { id: ID, version: '9.0.0', limit: 99 }, seq: 9, approvedBy: [] })
  const bySelf = sampleDocument({ policy: { id: ID, version: '9.0.0', limit: 99 }, seq: 9, headSignedBy: 'canary-controller' })
  const other = sampleDocument({ policy: { id: 'ozone-limit', version: '1.0.0' } })

  it.each([
    ['edits a value', documentRecord(edited), 'HMS_HEAD_RELEASE_INVALID'],
    ['signs a release with too few people', documentRecord(unapproved), 'HMS_HEAD_NOT_APPROVED'],
    ['signs a head with a service that does not speak for all', documentRecord(bySelf), 'HMS_HEAD_SIGNER'],
    ['shows another release than the head names', documentRecord({ ...stricter, release: old.release }), 'HMS_HEAD_RELEASE_OTHER'],
    ['gives a head another number', documentRecord({ ...old, seq: 7 }), 'HMS_HEAD_MALFORMED'],
    ['leaves a document empty', documentRecord({ id: ID, scope: 'global', seq: 7, revision: 7 } as typeof old), 'HMS_HEAD_MALFORMED'],
  ])('%s: the bot keeps its value and is in doubt', async (_what, record, code) => {
    await log.write(STATE, record)
    expect([limit(follower), errors, states]).toEqual([25, [code], [`STALE ${code}`]])
    await log.write(STATE, documentRecord(stricter))
    expect([limit(follower), follower.state]).toEqual([20, 'READY'])
  })

  it.each([
    ['is no JSON', textRecord(PLACE, '{'), 'HMS_EVENT_UNREADABLE'],
    ['is no text', { key: Buffer.from([0xff, 0xfe]), value: Buffer.from([0xff, 0xfe]) }, 'HMS_EVENT_UNREADABLE'],
    ['is JSON of another kind', textRecord(PLACE, '{"payload":"bnVsbA=="}'), 'HMS_EVENT_UNREADABLE'],
    ['is too large', { key: Buffer.from(PLACE), value: Buffer.alloc(4 * 1024 * 1024 + 1, 'x') }, 'HMS_EVENT_OVERSIZED'],
    [
      'has an unknown type',
      { ...documentRecord(old), value: asType(documentRecord(old).value!, 'hms.state.recorded.v9') },
      'HMS_EVENT_UNKNOWN',
    ],
    ['lies under the key of another policy', { ...documentRecord(other), key: Buffer.from(PLACE) }, 'HMS_EVENT_MISPLACED'],
    ['was made for another topic', { ...rosterRecord(2, strict.head) }, 'HMS_EVENT_MISPLACED'],
    ['has no key', { ...documentRecord(stricter), key: null }, 'HMS_EVENT_MISPLACED'],
    ['holds a document without numbers', documentRecord({ id: ID, scope: 'global' } as typeof old), 'HMS_EVENT_UNREADABLE'],
  ])('writes a record that %s: the bot reports and skips it', async (_what, record, code) => {
    await log.write(STATE, record)
    expect([limit(follower), errors, follower.state]).toEqual([25, [code], 'READY'])
    await log.write(STATE, documentRecord(stricter))
    expect(limit(follower)).toBe(20)
  })

  it('writes arbitrary records: the bot keeps its value, and applies the next valid record', async () => {
    const good = [documentRecord(stricter), word(stable(stricter)), documentRecord(old)]
    const junk = fc.record({ key: fc.option(fc.uint8Array({ maxLength: 8 })), value: fc.option(fc.uint8Array({ maxLength: 64 })) })
    const bent = fc
      .tuple(fc.constantFrom(...good), fc.nat(), fc.jsonValue())
      .map(([record, place, instead]) => ({ ...record, value: bend(record.value!, place, instead) }))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(junk, bent), { minLength: 1, maxLength: 5 }), async (records) => {
        await log.write(STATE, ...records)
        expect([25, 20]).toContain(limit(follower))
        expect(follower.ids()).toEqual([ID])
      }),
      { numRuns: 60 },
    )
    await log.write(STATE, documentRecord(stricter))
    expect(limit(follower)).toBe(20)
  })

  it('puts a document under the key of another policy, in an event for that key', async () => {
    await log.write(STATE, sampleRecord('hms.state.recorded.v1', PLACE, { document: other }))
    expect([follower.ids(), errors]).toEqual([[ID], ['HMS_EVENT_MISPLACED']])
  })

  it('renames the document of another policy to fit its key', async () => {
    await log.write(STATE, documentRecord({ ...other, id: ID }))
    expect([limit(follower), errors]).toEqual([25, ['HMS_HEAD_MALFORMED']])
  })

  it('damages a canary: the bot is in doubt until the record is removed from the log', async () => {
    const damaged = { ...canary, release: old.release }
    await log.write(STATE, documentRecord(damaged))
    expect([errors, states]).toEqual([['HMS_HEAD_RELEASE_OTHER'], ['STALE HMS_HEAD_RELEASE_OTHER']])
    await log.write(STATE, textRecord(`${ID}@region:NCR`, null))
    expect(follower.state).toBe('READY')
    await log.write(STATE, documentRecord(damaged), textRecord(`${ID}@region:NCR`, null))
    expect([limit(follower), follower.state]).toEqual([25, 'READY'])
  })

  it('writes an older head again: the bot reports it and stays READY', async () => {
    await log.write(STATE, documentRecord(old))
    expect([limit(follower), errors, follower.state]).toEqual([25, ['HMS_HEAD_REPLAYED'], 'READY'])
  })

  it('writes a tombstone: the policy stays in force, because only a signed head withdraws it', async () => {
    await log.write(STATE, textRecord(PLACE, null))
    expect([limit(follower), errors, follower.state]).toEqual([25, [], 'READY'])
    await log.write(STATE, documentRecord(sampleDocument({ policy: null, id: ID, seq: 3 })))
    expect(() => follower.get(ID)).toThrow(expect.objectContaining({ code: 'HMS_POLICY_NOT_FOUND' }) as Error)
  })

  it('forges the freshness statement, or puts it under another key', async () => {
    const forged = sampleFreshness(stable(old), '2024-09-01T12:01:00Z', '2034-09-01T12:06:00Z')
    await log.write(STATE, freshnessRecord({ ...forged, signatures: strict.release!.signatures }))
    await log.write(STATE, freshnessRecord(undefined as never))
    await log.write(STATE, { ...freshnessRecord(forged), key: Buffer.from(PLACE) })
    expect(errors).toEqual(['HMS_FRESHNESS_INVALID', 'HMS_FRESHNESS_INVALID', 'HMS_EVENT_MISPLACED'])
    await pass(5 * MINUTE)
    expect([limit(follower), states.at(-1)]).toEqual([25, 'STALE HMS_FRESHNESS_EXPIRED'])
  })

  it('withholds the newest head but not its statement: the bot is in doubt within half a minute', async () => {
    clock.advance(1_000)
    await log.write(STATE, word(stable(stricter)))
    await pass(20_001)
    expect([limit(follower), states]).toEqual([25, ['STALE HMS_FRESHNESS_MIXED']])
    await log.write(STATE, documentRecord(stricter))
    expect([limit(follower), follower.state]).toEqual([20, 'READY'])
  })

  it('freezes the topic: the bot is STALE after five minutes without a statement, and keeps its value', async () => {
    await pass(5 * MINUTE - 1_000)
    expect(follower.state).toBe('READY')
    await pass(1_000)
    expect([limit(follower), states.at(-1)]).toEqual([25, 'STALE HMS_FRESHNESS_EXPIRED'])
    await log.write(STATE, word(stable(strict)))
    expect(follower.state).toBe('READY')
  })

  it('truncates the log, which grows again: the bot re-reads it when a statement names other heads', async () => {
    log.rewrite(STATE, [documentRecord(stricter), textRecord('~heartbeat', ''), textRecord('~heartbeat', '')])
    clock.advance(1_000)
    await log.write(STATE, word(stable(stricter)))
    await pass(20_002)
    expect([limit(follower), follower.state]).toEqual([20, 'READY'])
  })
})

describe('rosters of a follower', () => {
  it('are required, because none is pinned on first use', async () => {
    await expect(openFollower({ roster: undefined }, log, clock)).rejects.toMatchObject({ code: 'HMS_ROSTER_REQUIRED', status: 400 })
  })

  it('are followed step by step and stored, and the log is re-read under a new one', async () => {
    const cacheDir = await mkdtemp(join(tmpdir(), 'hms-follower-'))
    await log.write(STATE, documentRecord(old))
    const follower = await follow({ cacheDir })
    log.rewrite(ROSTERS, [rosterRecord(2, await sampleRoster(2)), rosterRecord(3, await sampleRoster(3))])
    expect(log.readsFromBeginning.get(STATE)).toBe(1)
    await log.write(STATE, word(stable(old), 3))
    await expect.poll(async () => (await log.poll(), log.readsFromBeginning.get(STATE)), PATIENT).toBe(2)
    await follower.close()
    log = new FakeLog()
    await log.write(STATE, word(stable(old), 3))
    await follow({ cacheDir })
    expect([log.readsFromBeginning.get(ROSTERS), errors]).toEqual([1, []])
    await rm(cacheDir, { recursive: true })
  })

  it.each<[string, () => Promise<[number, Parameters<typeof rosterRecord>[1]][]>, string[]]>([
    ['a step is left out', async () => [[3, await sampleRoster(3)]], ['HMS_ROSTER_VERSION']],
    ['one person alone signed', async () => [[2, await sampleRoster(2, ['EPA Chief'])]], ['HMS_ROSTER_THRESHOLD']],
    ['what lies there is none', async () => [[2, old.head]], []],
  ])('are not followed when %s', async (_what, steps, codes) => {
    const records = (await steps()).map(([version, envelope]) => rosterRecord(version, envelope))
    await log.write(STATE, documentRecord(old))
    const follower = await follow()
    log.rewrite(ROSTERS, [...records, textRecord('x', '{')])
    await log.write(STATE, word(stable(old), 3))
    await expect.poll(() => errors.toSorted(), PATIENT).toEqual([...codes, 'HMS_EVENT_UNREADABLE'].toSorted())
    expect([limit(follower), log.readsFromBeginning.get(STATE)]).toEqual([35, 1])
  })

  it('are fetched again while the reader is in doubt', async () => {
    await log.write(STATE, documentRecord(old))
    const follower = await follow()
    await log.write(STATE, word(stable(old), 2), documentRecord({ ...strict, release: old.release }))
    await expect.poll(() => log.readsFromBeginning.get(ROSTERS), PATIENT).toBe(2)
    log.rewrite(ROSTERS, [rosterRecord(2, await sampleRoster(2))])
    await pass(10_000)
    await expect.poll(async () => (await log.poll(), log.readsFromBeginning.get(STATE)), PATIENT).toBe(2)
    expect(limit(follower)).toBe(35)
  })

  it('are followed despite foreign records and any order of records', async () => {
    const [two, three, forged] = await Promise.all([sampleRoster(2), sampleRoster(3), sampleRoster(2, ['EPA Counsel'])])
    log.rewrite(ROSTERS, [rosterRecord(3, three), rosterRecord(2, forged), rosterRecord(2, two)])
    await log.write(STATE, documentRecord(old), word(stable(old), 3))
    const follower = await follow()
    const again = log.readsFromBeginning.get(ROSTERS)
    clock.advance(20_000)
    await log.write(STATE, word(stable(old), 3))
    expect([limit(follower), log.readsFromBeginning.get(ROSTERS), follower.state]).toEqual([35, again, 'READY'])
  })
})

describe('a follower that restarts', () => {
  let cacheDir: string
  beforeEach(async () => {
    cacheDir = await mkdtemp(join(tmpdir(), 'hms-follower-'))
    await log.write(STATE, documentRecord(old), documentRecord(strict))
    await (await follow({ cacheDir })).close()
    log = new FakeLog()
  })
  // A follower may write its copy until it is closed.
  afterEach(async () => {
    await Promise.all(open.splice(0).map((follower) => follower.close()))
    await rm(cacheDir, { recursive: true })
  })

  it('re-reads the whole log without reporting known documents', async () => {
    await log.write(STATE, documentRecord(old), documentRecord(strict))
    const follower = await follow({ cacheDir })
    expect([follower.explain(ID), errors]).toMatchObject([{ source: 'live', state: 'READY', value: { limit: 25 } }, []])
  })

  it('reads from disk while the broker is unreachable', async () => {
    log.faults.set(STATE, new HmsError('HMS_BROKER_UNREACHABLE', 'gone', { status: 503 }))
    const follower = await openFollower(
      { bot: 'inspector-7', region: 'NCR', roster: SAMPLE_ROSTER_BYTES, cacheDir, timeoutMs: 100 },
      log,
      clock,
    )
    open.push(follower)
    expect(follower.explain(ID)).toMatchObject({ source: 'disk', state: 'STALE', value: { limit: 25 } })
  })

  it('is in doubt about a canary of a replaced key only until it has read the log', async () => {
    await log.write(STATE, documentRecord(old), documentRecord(strict), documentRecord(canary))
    await (await follow({ cacheDir })).close()
    log = new FakeLog()
    await log.write(STATE, documentRecord(strict))
    errors = []
    const follower = await follow({ cacheDir, roster: REPLACED_KEY_ROSTER_BYTES })
    expect([limit(follower), follower.state]).toEqual([25, 'READY'])
  })

  it('is not rolled back by a log that ends earlier', async () => {
    await log.write(STATE, documentRecord(old))
    const follower = await follow({ cacheDir })
    expect(limit(follower)).toBe(25)
  })
})

function asType(value: Uint8Array, type: string): Buffer {
  const envelope = JSON.parse(Buffer.from(value).toString()) as { payload: string }
  const text = Buffer.from(envelope.payload, 'base64')
    .toString()
    .replace(/"type":"hms[^"]*"/, `"type":"${type}"`)
  return Buffer.from(JSON.stringify({ ...envelope, payload: Buffer.from(text).toString('base64') }))
}

/** Returns the record with one value of its event, at any depth, replaced. */
function bend(value: Uint8Array, place: number, instead: unknown): Buffer {
  const envelope = JSON.parse(Buffer.from(value).toString()) as { payload: string }
  const event = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as object
  const places: [Record<string, unknown>, string][] = []
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    for (const [name, child] of Object.entries(node)) {
      places.push([node as Record<string, unknown>, name])
      visit(child)
    }
  }
  visit(event)
  const [node, name] = places[place % places.length]!
  node[name] = instead
  return Buffer.from(JSON.stringify({ ...envelope, payload: Buffer.from(JSON.stringify(event)).toString('base64') }))
}

function bundleOf(...ids: string[]): string {
  return bundleTags(ids.map((id) => ({ id, scope: 'global' })))
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { StableTree, type StableHead } from '#libs/signing'
import { ManualClock } from '../testing/manual-clock.js'
import { sampleDocument, sampleFreshness } from '../testing/sample-document.js'
import { SAMPLE_ROSTER_BYTES } from '../testing/sample-trust.js'
import { StreamServer, type Visitor } from '../testing/stream-server.js'
import { openConnection, type ConnectOptions } from './connect.js'
import type { ConnectionEvents } from './hms-connection.js'
import type { ReaderSession } from './reader-session.js'

const [A, B, C] = ['a-limit', 'b-limit', 'c-limit']
const documentOf = (id: string, version: string, seq: number, revision: number) =>
  sampleDocument({ policy: { id, version, limit: seq }, seq, revision })
const a1 = documentOf(A, '1.0.0', 1, 4)
const a2 = documentOf(A, '2.0.0', 2, 7)
const headOf = ({ id, seq, digest }: typeof a1): StableHead => ({ policy: id, seq, current: digest })

let server: StreamServer
let url: string
let clock: ManualClock
let open: ReaderSession[]

beforeEach(async () => {
  server = new StreamServer()
  url = await server.start()
  clock = new ManualClock(Date.parse('2024-09-01T12:00:00Z'))
  open = []
})
afterEach(async () => {
  await Promise.all(open.map((connection) => connection.close()))
  await server.stop()
})

async function connected(
  documents = [a1],
  options: ConnectOptions = {},
  along?: string[],
): Promise<{ hms: ReaderSession; visitor: Visitor }> {
  const opening = openConnection({ url, bot: 'bot-7', policies: [C, A, A], roster: SAMPLE_ROSTER_BYTES, ...options }, { clock })
  const visitor = await server.visitor()
  visitor.sendText(JSON.stringify({ type: 'snapshot', revision: 4, changes: [], documents, along }))
  const hms = await opening
  open.push(hms)
  return { hms, visitor }
}

const next = <E extends keyof ConnectionEvents>(hms: ReaderSession, event: E) =>
  new Promise<ConnectionEvents[E]>((resolve) => {
    const off = hms.on(event, (data) => {
      off()
      resolve(data)
    })
  })
/** Sends a heartbeat with further members; resolves when the heartbeat was processed. */
async function beat(hms: ReaderSession, visitor: Visitor, more: object = {}): Promise<void> {
  const revision = hms.revision + 1
  visitor.sendText(JSON.stringify({ type: 'heartbeat', revision, ...more }))
  await expect.poll(() => hms.revision).toBe(revision)
}
/** Sends rollout's freshness statement on `heads`, and proofs of A and C in the tree over `proven`. */
function vouch(hms: ReaderSession, visitor: Visitor, heads: StableHead[], proven: StableHead[]): Promise<void> {
  const at = (ms: number): string => new Date(clock.now() + ms).toISOString()
  const tree = new StableTree(proven)
  const standing = { [A]: tree.proofOf(A), [C]: tree.proofOf(C) }
  return beat(hms, visitor, { freshness: sampleFreshness(heads, at(0), at(300_000)), standing })
}
/** Advances past the time for which heads and statement may differ; stops in the first doubt, in which the reader reconnects. */
async function passGrace(hms: ReaderSession, visitor: Visitor): Promise<void> {
  const { state } = hms
  for (let passed = 0; passed < 24_000 && hms.state === state; passed += 4_000) {
    clock.advance(4_000)
    await beat(hms, visitor)
  }
}

describe('a reader of named policies', () => {
  it('names each policy once, advances its revision with heartbeats, and resumes from there', async () => {
    const { hms, visitor } = await connected()
    expect(visitor.query.get('policies')).toBe(`${A},${C}`)
    await visitor.applied()
    visitor.send('heartbeat', 6)
    await expect.poll(() => hms.revision).toBe(6)
    expect(() => hms.get(B)).toThrow(/this reader does not follow it/)
    const stale = next(hms, 'stale')
    visitor.drop()
    await stale
    clock.advance(250)
    expect((await server.visitor()).query.get('revision')).toBe('6')
  })

  it('keeps another policy of a bundle while that bundle is in force, and acknowledges only named policies', async () => {
    const { hms, visitor } = await connected([a1, documentOf(B, '1.0.0', 1, 4)], {}, [B])
    expect(hms.ids()).toEqual([A, B])
    expect(await visitor.applied()).toMatchObject({ applied: { [A]: a1.digest } })
    const gone = next(hms, 'change')
    visitor.send('change', 7, [a2])
    expect(await gone).toMatchObject({ id: A, to: '2.0.0' })
    await expect.poll(() => hms.ids()).toEqual([A])
    expect((await visitor.applied()).applied).toEqual({ [A]: a2.digest })
  })

  it('drops the refusal of another policy together with that policy', async () => {
    const { hms, visitor } = await connected([a1, { ...documentOf(B, '1.0.0', 1, 4), release: a1.release }], {}, [B])
    expect([hms.state, hms.explain(A).code]).toEqual(['STALE', 'HMS_HEAD_RELEASE_OTHER'])
    const ready = next(hms, 'ready')
    visitor.send('change', 7, [a2])
    await ready
  })

  it('is READY with proofs of its heads and of missing ones, and STALE when a head is withheld', async () => {
    const { hms, visitor: first } = await connected()
    const mixed = (times: number): string[] => Array.from({ length: times }, () => 'HMS_FRESHNESS_MIXED')
    const codes: (string | undefined)[] = []
    hms.on('stale', ({ code }) => codes.push(code))
    const others = [B, 'd-limit'].map((policy) => headOf(documentOf(policy, '1.0.0', 3, 3)))
    const all = [headOf(a1), ...others]
    await vouch(hms, first, all, all)
    await passGrace(hms, first)
    expect([hms.state, codes]).toEqual(['READY', []])
    const moved = [headOf(a2), ...others]
    await vouch(hms, first, moved, moved)
    // In doubt, the reader requests a whole snapshot; this server withholds the head from that too.
    await passGrace(hms, first)
    clock.advance(250)
    const visitor = await server.visitor()
    visitor.send('snapshot', hms.revision, [a1])
    await vouch(hms, visitor, moved, moved)
    expect([hms.state, codes]).toEqual(['STALE', mixed(2)])
    const ready = next(hms, 'ready')
    visitor.send('change', hms.revision + 1, [a2])
    await ready
    const born = [...moved, headOf(documentOf(C, '1.0.0', 1, 8))]
    clock.advance(1_000)
    await vouch(hms, visitor, born, moved)
    expect(hms.state).toBe('READY')
    await passGrace(hms, visitor)
    expect([hms.state, codes]).toEqual(['STALE', mixed(3)])
  })

  it('has a disk copy that a reader of other policies does not use', async () => {
    const cacheDir = await mkdtemp(join(tmpdir(), 'hms-named-'))
    try {
      const { hms } = await connected([a1], { cacheDir })
      await hms.close()
      const again = openConnection({ url, bot: 'bot-7', policies: [A, C], roster: SAMPLE_ROSTER_BYTES, cacheDir }, { clock })
      expect((await server.visitor()).query.get('revision')).toBe('4')
      const other = openConnection({ url, bot: 'bot-7', policies: [A], roster: SAMPLE_ROSTER_BYTES, cacheDir }, { clock })
      const visitor = await server.visitor()
      expect(visitor.query.has('revision')).toBe(false)
      visitor.send('snapshot', 4, [a1])
      open.push(await other)
      await server.stop()
      open.push(await again)
    } finally {
      // The connections may still be writing their copies.
      await Promise.all(open.splice(0).map((connection) => connection.close()))
      await rm(cacheDir, { recursive: true })
    }
  })

  it('is refused before any request if an id is invalid, or there are none or too many', async () => {
    for (const policies of [[], ['A'], Array.from({ length: 101 }, (_, index) => `policy-${index}`)])
      await expect(openConnection({ url, policies, roster: SAMPLE_ROSTER_BYTES }, { clock })).rejects.toMatchObject({
        code: 'HMS_CONFIG_INVALID',
        status: 400,
      })
  })
})

import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  cosign,
  formatAddCheckpoint,
  formatCheckpoint,
  generateKeyPair,
  isSignedBy,
  localSigner,
  signNote,
  verifyCheckpoint,
  type Signer,
} from '#libs/signing'
import type { SeenStore, WitnessLink } from '#libs/witness'
import { MemorySeenStore } from '#libs/witness/testing'
import { LOG_POLICY, LOG_SIGNER, TestLog, WITNESS_SIGNER } from '../support/test-log.js'

export interface WitnessAdapter {
  link: WitnessLink
  close(): Promise<void>
}

export type OpenWitness = (seen: SeenStore, signer: Signer) => Promise<WitnessAdapter>

const ORIGIN = LOG_POLICY.log.name
const honest = new TestLog()
/** Tells another story from the sixth entry on. */
const forked = new TestLog({ history: 'b', fork: 5 })

/** What the log relies on, whether its witness is in this process or behind HTTP. */
export function witnessSuite(open: OpenWitness): void {
  let seen: MemorySeenStore
  let adapter: WitnessAdapter
  const opened: WitnessAdapter[] = []
  const reopen = async (signer: Signer = WITNESS_SIGNER, store: SeenStore = seen): Promise<WitnessAdapter> => {
    adapter = await open(store, signer)
    opened.push(adapter)
    return adapter
  }
  beforeEach(async () => {
    seen = new MemorySeenStore()
    await reopen()
  })
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close()
  })
  const ask = async (old: number, size: number, log = honest) => adapter.link.addCheckpoint(await log.request(old, size))
  const isSeen = async (size: number): Promise<void> =>
    expect(await seen.get(ORIGIN)).toEqual(size === 0 ? undefined : { size, root: honest.root(size), note: await honest.note(size) })

  it('signs the first checkpoint and each that continues it, and remembers the last', async () => {
    for (const [old, size] of [
      [0, 3],
      [3, 4],
      [4, 4],
      [4, 64],
      [64, 100],
    ] as const) {
      const { status, body } = await ask(old, size)
      expect(status).toBe(200)
      expect(verifyCheckpoint((await honest.note(size)) + body, LOG_POLICY)).toMatchObject({ size, root: honest.root(size) })
      await isSeen(size)
    }
  })

  it('returns its size to a log that assumes another one', async () => {
    await ask(0, 7)
    for (const old of [0, 3, 8]) expect(await ask(old, 9)).toEqual({ status: 409, body: '7\n' })
    await isSeen(7)
    expect(await ask(7, 9)).toMatchObject({ status: 200 })
  })

  it('shows what it signed last, as the log and it signed it, and nothing of a log that it does not know', async () => {
    expect(await adapter.link.newestCheckpoint!(ORIGIN)).toBeUndefined()
    const request = await honest.request(0, 7)
    await adapter.link.addCheckpoint(
      `${request}${await cosign('example.org/log\n9\nAAAA\n', 1, { name: 'example.org/stranger', id: '01020304' }, WITNESS_SIGNER)}`,
    )
    const shown = (await adapter.link.newestCheckpoint!(ORIGIN))!
    expect(verifyCheckpoint(shown, LOG_POLICY)).toMatchObject({ size: 7, root: honest.root(7) })
    expect(shown).not.toContain('stranger')
    await ask(7, 9, forked)
    expect(await adapter.link.newestCheckpoint!(ORIGIN)).toBe(shown)
    expect(await adapter.link.newestCheckpoint!('example.org/elsewhere')).toBeUndefined()
  })

  it('refuses a rollback: a size below what it signed', async () => {
    await ask(0, 7)
    expect(await ask(3, 3)).toEqual({ status: 409, body: '7\n' })
    expect(await ask(0, 3)).toEqual({ status: 409, body: '7\n' })
    expect(await ask(7, 3)).toEqual({ status: 400, body: '' })
    await isSeen(7)
  })

  it('refuses a split view: another root of the same size, or another tree that is longer', async () => {
    await ask(0, 7)
    expect(await ask(7, 7, forked)).toEqual({ status: 409, body: '7\n' })
    expect(await ask(7, 9, forked)).toEqual({ status: 422, body: '' })
    await isSeen(7)
    expect(await ask(7, 9)).toMatchObject({ status: 200 })
  })

  it('signs one of two histories that come at once', async () => {
    await ask(0, 7)
    const answers = await Promise.allSettled([honest, forked, honest, forked].map((log) => ask(7, 9, log)))
    const signed = answers.filter((answer) => answer.status === 'fulfilled' && answer.value.status === 200)
    expect(signed.length).toBeGreaterThan(0)
    await isSeen(9)
    expect(await ask(9, 9, forked)).toEqual({ status: 409, body: '9\n' })
  })

  it.each<[string, (path: Uint8Array[]) => Uint8Array[]]>([
    ['lacks a hash', (path) => path.slice(1)],
    ['has one more', (path) => [...path, Buffer.alloc(32)]],
    ['has another hash', ([first, ...rest]) => [Buffer.from(first!.map((byte) => byte ^ 1)), ...rest]],
    ['is empty', () => []],
  ])('refuses a proof that %s', async (_what, change) => {
    await ask(0, 7)
    const checkpoint = await honest.note(9)
    expect(await adapter.link.addCheckpoint(formatAddCheckpoint({ old: 7, path: change(honest.proof(7, 9)), checkpoint }))).toEqual({
      status: 422,
      body: '',
    })
    await isSeen(7)
  })

  it.each<[string, number, (note: string) => Promise<string> | string]>([
    ['signed by a stranger', 403, () => honest.note(9, localSigner(generateKeyPair().privateKey))],
    ['signed by no log that it knows', 403, (note) => note.replace(`— ${ORIGIN} `, '— example.org/other ')],
    ['whose text was changed', 403, (note) => note.replace('\n9\n', '\n8\n')],
    ['that its own key signed as a log', 403, () => honest.note(9, WITNESS_SIGNER)],
    ['of a log that it does not know', 404, () => honest.note(9, LOG_SIGNER, 'example.org/elsewhere')],
    ['with a fourth line', 400, (note) => note.replace('\n\n', '\nmore\n\n')],
    ['without signatures', 400, (note) => note.split('\n\n')[0]!],
  ])('refuses a checkpoint %s', async (_what, status, change) => {
    const text = formatAddCheckpoint({ old: 0, path: [], checkpoint: await change(await honest.note(9)) })
    expect(await adapter.link.addCheckpoint(text)).toEqual({ status, body: '' })
    await isSeen(0)
  })

  it.each([
    '',
    '\n\n',
    'old\n\n',
    'old -1\n\n',
    'old 01\n\n',
    'old 1e3\n\n',
    'old 0\nAAAA\n\n',
    `old 0\n${`${'A'.repeat(43)}=\n`.repeat(64)}\n`,
    'new 0\n\n',
    '{}',
  ])('refuses %j', async (head) => {
    expect(await adapter.link.addCheckpoint(head + (await honest.note(9)))).toEqual({ status: 400, body: '' })
    await isSeen(0)
  })

  it('signs an empty tree with its own root alone', async () => {
    const lie = await signNote(formatCheckpoint({ origin: ORIGIN, size: 0, root: honest.root(1) }), LOG_POLICY.log, LOG_SIGNER)
    expect(await adapter.link.addCheckpoint(formatAddCheckpoint({ old: 0, path: [], checkpoint: lie }))).toEqual({ status: 422, body: '' })
    expect(await ask(0, 0)).toMatchObject({ status: 200 })
    expect(await ask(0, 1)).toMatchObject({ status: 200 })
  })

  it('returns nothing that it could not store', async () => {
    const full: SeenStore = { get: (origin) => seen.get(origin), set: () => Promise.reject(new Error('no space left on device')) }
    await reopen(WITNESS_SIGNER, full)
    await expect(ask(0, 7)).rejects.toThrow()
    await isSeen(0)
  })

  it('continues after it died between its write and its response, and signs no other history then', async () => {
    await ask(0, 3)
    await reopen({ keyid: WITNESS_SIGNER.keyid, sign: () => Promise.reject(new Error('killed')) })
    await expect(ask(3, 7)).rejects.toThrow()
    await isSeen(7)
    await reopen()
    expect(await ask(3, 7, forked)).toEqual({ status: 409, body: '7\n' })
    expect(await ask(7, 7, forked)).toEqual({ status: 409, body: '7\n' })
    expect(await ask(3, 7)).toEqual({ status: 409, body: '7\n' })
    const again = await ask(7, 7)
    expect(again.status).toBe(200)
    expect(isSignedBy(adapter.link.key, (await honest.note(7)) + again.body)).toBe(true)
  })
}

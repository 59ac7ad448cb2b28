import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entryFacts } from '../../../../test/support/log-instance.js'
import type { EntryFacts } from '../entries/entry.js'
import { LOG_LOCK } from '../entries/entry.store.js'
import { LOG_ADAPTERS, type LogStores } from '../testing/log-adapters.suite.js'
import type { TreeStore } from './tree.store.js'
import type { Transaction } from '#libs/persistence'
import type { ApprovedRelease } from '#libs/signing'

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest()

describe.each(LOG_ADAPTERS)('the tree in %s', (_name, open) => {
  let stores: LogStores
  const facts = entryFacts(5)
  beforeAll(async () => {
    stores = await open()
    const approved = (version: string, digest: string): ApprovedRelease[] => [{ id: 'ozone', version, digest }]
    await take([
      [facts[0]!],
      [facts[1]!, approved('1.0.0', 'one')],
      [facts[2]!],
      [facts[3]!, [...approved('2.0.0', 'two'), ...approved('3.0.0-a', 'three')]],
      [facts[4]!],
    ])
  })
  afterAll(() => stores.close())

  const take = (events: [EntryFacts, ApprovedRelease[]?][]): Promise<unknown> =>
    stores.database.transaction(async (tx) => {
      await tx.lock([LOG_LOCK])
      for (const [event, releases] of events) await stores.entries.append(tx, event, { releases })
      return stores.entries.sequence(tx, 100)
    })
  const ask = <T>(question: (tree: TreeStore, tx: Transaction) => Promise<T>): Promise<T> =>
    stores.database.transaction((tx) => question(stores.tree, tx))

  it('has the entries as its leaves, in order', async () => {
    expect(await ask((tree, tx) => tree.size(tx))).toBe(5)
    const entries = await ask((tree, tx) => tree.entries(tx, 1, 4))
    expect(entries).toHaveLength(3)
    const leaves = await ask((tree, tx) => tree.hashes(tx, 0, 1, 4))
    expect(leaves).toEqual(entries.map((entry) => hashOf(`\0${entry}`)))
    expect(await ask((tree, tx) => tree.hashes(tx, 0, 4, 9))).toHaveLength(1)
  })

  it('stores and counts roots by level', async () => {
    await ask(async (tree, tx) => {
      for (const [level, index] of [
        [1, 0],
        [1, 1],
        [2, 0],
      ] as const)
        await tree.add(tx, level, index, hashOf(`${level} ${index}`))
    })
    expect(await ask((tree, tx) => tree.hashes(tx, 1, 0, 2))).toEqual([hashOf('1 0'), hashOf('1 1')])
    expect(await Promise.all([1, 2, 3].map((level) => ask((tree, tx) => tree.count(tx, level))))).toEqual([2, 1, 0])
  })

  it('returns the newest checkpoint: the largest one, and the last one of equal size', async () => {
    expect(await ask((tree, tx) => tree.latest(tx))).toBeUndefined()
    for (const [size, note] of [
      [3, 'first'],
      [5, 'second'],
      [5, 'renewed'],
      [4, 'late'],
    ] as const)
      await ask((tree, tx) => tree.publish(tx, { size, note }))
    expect(await ask((tree, tx) => tree.latest(tx))).toEqual({ size: 5, note: 'renewed' })
  })

  it('finds releases by digest, by policy and version, and by the indexes of their entries', async () => {
    const one = { digest: 'one', policy: 'ozone', version: '1.0.0', index: 1 }
    const three = { digest: 'three', policy: 'ozone', version: '3.0.0-a', index: 3 }
    const two = { digest: 'two', policy: 'ozone', version: '2.0.0', index: 3 }
    expect(await ask((tree, tx) => tree.release(tx, { digest: 'one' }))).toEqual(one)
    expect(await ask((tree, tx) => tree.release(tx, { policy: 'ozone', version: '2.0.0' }))).toEqual(two)
    expect(await ask((tree, tx) => tree.release(tx, { policy: 'ozone', version: '3.0.0' }))).toBeUndefined()
    expect(await ask((tree, tx) => tree.releasesIn(tx, 0, 5))).toEqual([one, three, two])
    expect(await ask((tree, tx) => tree.releasesIn(tx, 2, 3))).toEqual([])
  })
})

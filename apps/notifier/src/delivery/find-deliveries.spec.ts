import { MemoryDatabase } from '#libs/persistence/testing'
import { VirtualClock } from '#libs/platform/testing'
import type { DeliveriesFilter } from '#libs/contracts'
import { beforeEach, describe, expect, it } from 'vitest'
import { DELIVERIES, type Delivery } from './delivery.table.js'
import { findDeliveries } from './find-deliveries.js'
import { sampleDelivery } from './sample-delivery.suite.js'

let database: MemoryDatabase
beforeEach(async () => {
  database = new MemoryDatabase(new VirtualClock('2026-01-01T00:00:00Z'))
  const add = (id: string, changes: Partial<Delivery>) =>
    database.transaction((tx) => tx.documents(DELIVERIES).put(sampleDelivery({ id, ...changes })))
  for (const id of ['a', 'b', 'c']) await add(id, { createdAt: '2026-01-01T00:00:00.000Z' })
  for (const id of ['d', 'e', 'f']) await add(id, { createdAt: '2026-01-02T00:00:00.000Z', state: 'dead', partner: 'md-mde' })
})

const ids = async (filter: DeliveriesFilter): Promise<string> =>
  (await database.transaction((tx) => findDeliveries(tx, filter))).map(({ id }) => id).join('')

describe('findDeliveries', () => {
  it('returns all deliveries, newest first, in pages of any size, even if many have the same time', async () => {
    for (const limit of [1, 2, 3, 4, 5]) {
      let all = await ids({ limit })
      for (let page = all; page.length === limit; all += page) page = await ids({ limit, before: all.at(-1)! })
      expect(all, `pages of ${limit}`).toBe('fedcba')
    }
  })

  it('filters by partner, policy, version, state, run and time', async () => {
    expect(await ids({ partner: 'md-mde' })).toBe('fed')
    expect(await ids({ state: 'pending', policy: 'epa-pm25-limit', version: '2.0.0', run: 184 })).toBe('cba')
    expect(await ids({ version: '1.0.0' })).toBe('')
    expect(await ids({ since: '2026-01-02T00:00:00Z' })).toBe('fed')
    expect(await ids({ since: '2026-01-02T00:00:00Z', before: 'e', limit: 5 })).toBe('d')
  })

  it('finds a bundle by each of its policies, in pages of any size', async () => {
    const policies = [
      { policy: 'epa-pm25-limit', version: '3.0.0', digest: '' },
      { policy: 'ozone', version: '1.0.0', digest: '' },
    ]
    const bundle = sampleDelivery({ id: 'g', createdAt: '2026-01-03T00:00:00.000Z', policies })
    await database.transaction((tx) => tx.documents(DELIVERIES).put(bundle))
    expect(await ids({ policy: 'ozone' })).toBe('g')
    expect(await ids({ policy: 'ozone', version: '1.0.0', limit: 1 })).toBe('g')
    expect(await ids({ policy: 'ozone', version: '3.0.0' })).toBe('')
    expect(await ids({ policy: 'epa-pm25-limit' })).toBe('gfedcba')
    for (const limit of [1, 2, 3]) expect(await ids({ version: '2.0.0', limit }), `pages of ${limit}`).toBe('fed'.slice(0, limit))
  })

  it('rejects a page after an unknown delivery', async () => {
    await expect(ids({ before: 'z' })).rejects.toMatchObject({ code: 'HMS_DELIVERY_UNKNOWN', status: 404 })
  })
})

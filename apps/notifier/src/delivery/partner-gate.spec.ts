import { beforeEach, describe, expect, it } from 'vitest'
import { MemoryDatabase } from '#libs/persistence/testing'
import { VirtualClock } from '#libs/platform/testing'
import type { Partner } from '../partners/partner.js'
import { recordInBreaker, PartnerGate } from './partner-gate.js'
import { sampleDelivery } from './sample-delivery.suite.js'
import { HORIZON_MS } from './schedule.js'

const START = Date.parse('2026-01-01T00:00:00Z')
const partner = { id: 'va-deq', rate: 1 } as Partner
const [ozone, lead] = [sampleDelivery({ policy: 'ozone' }), sampleDelivery({ policy: 'lead' })]
const retry = { kind: 'retry' as const, latencyMs: 1 }

let clock: VirtualClock
let database: MemoryDatabase
let gate: PartnerGate
beforeEach(() => {
  clock = new VirtualClock(new Date(START).toISOString())
  database = new MemoryDatabase(clock)
  gate = new PartnerGate()
})

const wait = (delivery = ozone) => database.transaction((tx) => gate.wait(tx, delivery, partner))
const note = (outcome: Parameters<typeof recordInBreaker>[2], delivery = ozone) =>
  database.transaction((tx) => recordInBreaker(tx, delivery, outcome))
const fail = async (times: number): Promise<void> => {
  for (let time = 0; time < times; time++) await note(retry)
}

describe('the gate of a partner', () => {
  it('limits the rate over all channels and policies of the partner', async () => {
    const waits = [await wait(), await wait(lead), await wait(sampleDelivery({ channel: 'email' }))].map(({ waitMs }) => waitMs)
    expect(waits).toEqual([0, 0, 1000])
    clock.advanceTo(START + 1000)
    expect(await wait()).toEqual({ waitMs: 0, isDown: false })
  })

  it('delays all policies on a channel that is down, but no other channel', async () => {
    await fail(4)
    expect(await wait(lead)).toMatchObject({ isDown: false })
    await fail(1)
    expect(await wait(lead)).toEqual({ waitMs: 30_000, isDown: true })
    expect(await wait(sampleDelivery({ channel: 'email' }))).toMatchObject({ isDown: false })
  })

  it('allows one probe at a time, and all deliveries after a successful probe', async () => {
    await fail(5)
    clock.advanceTo(START + 30_000)
    expect([await wait(), await wait(lead)]).toMatchObject([{ waitMs: 0 }, { waitMs: 30_000, isDown: true }])
    await note({ kind: 'delivered', latencyMs: 1 })
    expect(await wait(lead)).toMatchObject({ waitMs: 0 })
  })

  it('never delays a delivery beyond its 24 hours', async () => {
    await fail(5)
    const old = sampleDelivery({ firstAt: new Date(START - HORIZON_MS + 10_000).toISOString() })
    expect(await wait(old)).toEqual({ waitMs: 10_000, isDown: true })
    clock.advanceTo(START + 10_000)
    expect(await wait(old)).toMatchObject({ waitMs: 0 })
  })
})

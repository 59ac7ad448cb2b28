import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryDatabase } from '#libs/persistence/testing'
import { Metrics, silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { MemoryBus } from '../testing/memory-bus.js'
import { MemoryOutboxStore } from '../testing/memory-outbox-store.js'
import { Reconciler } from './reconciler.js'
import { Relay } from './relay.js'

const SOURCE = '/hms-svc/linter'

describe('a relay of one of several instances', () => {
  let leads: boolean
  let woken: number
  let relay: Relay
  beforeEach(() => {
    const clock = new VirtualClock()
    const database = new MemoryDatabase(clock)
    const store = new MemoryOutboxStore()
    const bus = new MemoryBus()
    const reconciler = new Reconciler(database, store, bus, SOURCE, silentLogger, new Metrics())
    const leadership = { tryLead: async () => leads }
    const prune = async (): Promise<boolean> => false
    woken = 0
    relay = new Relay(database, store, bus, leadership, reconciler, SOURCE, clock, silentLogger, prune, () => woken++)
  })
  afterEach(() => relay.stop())

  const start = (isLeader: boolean): Promise<void> => {
    leads = isLeader
    relay.start()
    return settled()
  }
  const settled = async (): Promise<void> => {
    for (let quiet = 0; quiet < 5; quiet = relay.idle ? quiet + 1 : 0) await new Promise((resolve) => setImmediate(resolve))
  }

  it('moves its own rows and wakes no other instance while it leads', async () => {
    await start(true)
    relay.rowsCommitted()
    await settled()
    expect(woken).toBe(0)
  })

  it('wakes the leading instance when it does not lead, or does not know yet whether it leads', async () => {
    relay.rowsCommitted()
    expect(woken).toBe(1)
    await start(false)
    relay.rowsCommitted()
    await settled()
    expect(woken).toBe(2)
  })

  it('wakes the new leader for rows committed before it noticed that it lost leadership', async () => {
    await start(true)
    leads = false
    relay.rowsCommitted()
    expect(woken).toBe(0)
    await settled()
    expect(woken).toBe(1)
    relay.wake()
    await settled()
    expect(woken).toBe(1)
  })
})

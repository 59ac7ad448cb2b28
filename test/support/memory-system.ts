import { SERVICES, type ServiceName } from '#libs/contracts'
import type { KeyName, Profile } from '#libs/process'
import { MemoryBus, MemoryOutboxStore, MemoryPositionStore } from '#libs/messaging/testing'
import { MemoryDatabase, MemoryTimerStore } from '#libs/persistence/testing'
import { Metrics, silentLogger, type Clock, type Environment } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import type { Roster, RosterPredicate, Signer } from '#libs/signing'
import { Host, type OpenService } from '#libs/service'
import { memoryStores } from '../../apps/audit/src/testing/memory-stores.js'
import { testIdentity } from './identity.js'

/** All eight services on memory twins and virtual time, in this process. People sign with `signers`. */
export interface MemorySystem {
  host: Host
  clock: VirtualClock
  roster: Roster
  signers: ReadonlyMap<string, Signer>
  operator: Signer
  signerOf(service: ServiceName): Signer
  url: string
  /** Resolves when nothing is left to do at the present time. */
  settle(): Promise<void>
  /**
   * Moves time from wait to wait until `done` says so, at most `maxMs` of virtual time. `everyMs`: asked no more often than this, and in a
   * long wait no more often than each hundredth of what was waited; over minutes with nothing to do, asking is most of the work.
   */
  runUntil(done: () => Promise<boolean>, maxMs: number, everyMs?: number): Promise<void>
  stop(): Promise<void>
}

/** Every system starts at the same time, so that no test depends on the day it runs on. */
const START = '2026-03-02T09:00:00.000Z'

/**
 * `bus`: a memory bus that does something else with what it is given; `change`: what the roster says otherwise than the demo's;
 * `signerNamed`: keys of the log and of its witness, where the roster names some; `configStoreUrls`: where heads are sent
 * directly. With `HMS_PROFILE` production programs need keys.
 */
export async function startMemorySystem(
  environment: Environment = {},
  bus = new MemoryBus(),
  change?: (roster: RosterPredicate) => void,
  signerNamed?: (name: KeyName) => Promise<Signer | undefined>,
  configStoreUrls: readonly string[] = [],
  port = 0,
): Promise<MemorySystem> {
  const profile: Profile = environment['HMS_PROFILE'] === 'production' ? 'production' : 'dev'
  const clock = new VirtualClock(START)
  const { roster, people, serviceSigner, operator } = await testIdentity(change)
  const host = await Host.create(SERVICES, {
    profile,
    // A test writes more often than any client may.
    environment: { HMS_PROFILE: profile, HMS_SIMULATOR_RUNNER: 'inline', HMS_HTTP_WRITES_PER_SECOND: '100000', ...environment },
    clock,
    log: silentLogger,
    metrics: new Metrics(),
    roster,
    bus,
    signerOf: async (service) => serviceSigner(service),
    signerNamed,
    open: async ({ name }) => openMemoryService(clock, name),
    configStoreUrls,
    version: '0.0.0-test',
  })
  const listening = await host.start({ host: '127.0.0.1', port })
  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < 5; quiet = bus.idle && host.idle ? quiet + 1 : 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    host,
    clock,
    roster,
    signers: people,
    operator,
    signerOf: serviceSigner,
    url: `http://127.0.0.1:${listening}`,
    settle,
    runUntil: async (done, maxMs, everyMs = 0) => {
      const since = clock.now().getTime()
      const until = since + maxMs
      let askAt = 0
      for (;;) {
        await settle()
        const next = clock.nextAt()
        const isLast = next === undefined || next > until
        if (isLast || clock.now().getTime() >= askAt) {
          if (await done()) return
          const now = clock.now().getTime()
          askAt = now + Math.max(everyMs, (now - since) / 100)
        }
        if (isLast) throw new Error(`not there after ${maxMs} ms of virtual time`)
        clock.advanceTo(next)
      }
    },
    stop: () => host.stop(),
  }
}

/** One service's side of a memory database; there is no other instance to lead or to wake. */
export function openMemoryService(clock: Clock, name?: ServiceName): OpenService {
  return {
    database: new MemoryDatabase(clock),
    ownStores: name === 'audit' ? memoryStores() : undefined,
    stores: { outbox: new MemoryOutboxStore(), positions: new MemoryPositionStore(), timers: new MemoryTimerStore() },
    coordination: {
      leadership: { tryLead: async () => true },
      notify: () => {},
      onNotification: () => {},
      close: async () => {},
    },
    ready: async () => ({ database: true, migrations: true }),
  }
}

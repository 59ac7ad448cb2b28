import { generateKeyPairSync } from 'node:crypto'
import { SERVICES, type ServiceName } from '#libs/contracts'
import { MemoryBus, MemoryOutboxStore, MemoryPositionStore } from '#libs/messaging'
import { MemoryDatabase, MemoryTimerStore } from '#libs/persistence'
import { Metrics, silentLogger, VirtualClock, type Environment } from '#libs/platform'
import { demoRoster, keyIdOf, localSigner, readRoster, signRoster, spkiOf, type Roster, type Signer } from '#libs/signing'
import { Host } from '#libs/stage'

/** All eight services on memory twins and virtual time, in this process. People sign with `signers`. */
export interface MemorySystem {
  host: Host
  clock: VirtualClock
  roster: Roster
  signers: Map<string, Signer>
  operator: Signer
  url: string
  /** Resolves when nothing is left to do at the present time. */
  settle(): Promise<void>
  /** Moves time from wait to wait until `done` says so, at most `maxMs` of virtual time. */
  runUntil(done: () => Promise<boolean>, maxMs: number): Promise<void>
  stop(): Promise<void>
}

const PEOPLE = ['EPA Chief', 'EPA Counsel', 'Air Office', 'State Liaison']

export async function startMemorySystem(environment: Environment = {}): Promise<MemorySystem> {
  const clock = new VirtualClock('2026-01-01T00:00:00Z')
  const { roster, signers, serviceSigners, operator } = await testIdentity()
  const bus = new MemoryBus()
  const host = await Host.create(SERVICES, {
    profile: 'dev',
    environment: { HMS_PROFILE: 'dev', HMS_SIMULATOR_RUNNER: 'inline', ...environment },
    clock,
    log: silentLogger,
    metrics: new Metrics(),
    roster,
    bus,
    signerOf: async (service) => serviceSigners.get(service)!,
    open: async () => openMemoryService(clock),
    configStoreUrls: [],
    version: '0.0.0-test',
  })
  const port = await host.start({ host: '127.0.0.1', port: 0 })
  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < 5; quiet = bus.idle && host.idle ? quiet + 1 : 0) await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    host,
    clock,
    roster,
    signers,
    operator,
    url: `http://127.0.0.1:${port}`,
    settle,
    runUntil: async (done, maxMs) => {
      const until = clock.now().getTime() + maxMs
      for (;;) {
        await settle()
        if (await done()) return
        const next = clock.nextAt()
        if (next === undefined || next > until) throw new Error(`not there after ${maxMs} ms of virtual time`)
        clock.advanceTo(next)
      }
    },
    stop: () => host.stop(),
  }
}

function openMemoryService(clock: VirtualClock) {
  const listeners: ((topic: string) => void)[] = []
  return {
    database: new MemoryDatabase(clock),
    stores: { outbox: new MemoryOutboxStore(), positions: new MemoryPositionStore(), timers: new MemoryTimerStore() },
    coordination: {
      leadership: { tryLead: async () => true },
      notify: (topic: string) => {
        for (const listener of listeners) listener(topic)
      },
      onNotification: (listener: (topic: string) => void) => void listeners.push(listener),
      close: async () => {},
    },
    ready: async () => ({ database: true, migrations: true }),
  }
}

async function testIdentity() {
  const pairs = new Map<string, ReturnType<typeof pairOf>>()
  for (const name of [...PEOPLE, ...SERVICES, 'operator']) pairs.set(name, pairOf())
  const member = (name: string) => ({ name, spki: pairs.get(name)!.spki })
  const predicate = demoRoster({
    people: PEOPLE.map(member),
    services: SERVICES.map(member),
    operator: member('operator'),
    expires: '2036-01-01T00:00:00Z',
  })
  const signers = new Map(PEOPLE.map((name) => [name, pairs.get(name)!.signer]))
  const serviceSigners = new Map<ServiceName, Signer>(SERVICES.map((name) => [name, pairs.get(name)!.signer]))
  const roster = readRoster(await signRoster(predicate, [...signers.values()]))
  return { roster, signers, serviceSigners, operator: pairs.get('operator')!.signer }
}

function pairOf() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { signer: localSigner(privateKey), spki: spkiOf(publicKey), keyid: keyIdOf(publicKey) }
}

import { peekPredicate, type ConfigDocument, type Envelope, type ReceivedEvent, type RunDossier } from '#libs/contracts'
import type { Profile } from '#libs/process'
import type { EventContext } from '#libs/messaging'
import { MemoryBus, MemoryOutboxStore, MemoryPositionStore } from '#libs/messaging/testing'
import type { Transaction } from '#libs/persistence'
import { MemoryDatabase, MemoryTimerStore } from '#libs/persistence/testing'
import { Metrics, silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { createRuntime } from '#libs/service'
import { testIdentity } from '../../../../test/support/identity.js'
import { BotsController } from '../bots/bots.http.js'
import { CorporaController } from '../corpora/corpora.http.js'
import { Readings } from '../corpora/readings.js'
import { InForceEvents } from '../in-force/in-force.events.js'
import { InlineReplayRunner, type OnProgress, type ReplayRunner } from '../replay/replay-runner.js'
import type { Replayed } from '../replay/replay.js'
import { ScenariosController } from '../scenarios/scenarios.http.js'
import { SimulatorConfig } from '../simulator.config.js'
import { ReplayRun } from '../simulations/replay-run.js'
import { TryPolicies } from '../simulations/try-policies.js'
import { RunningReplays } from '../simulations/running-replays.js'
import { RunSimulation } from '../simulations/run-simulation.js'
import { SimulationsController } from '../simulations/simulations.http.js'
import { CORPUS, POLICY, SCENARIO } from './dossier.fixture.js'
import { InlineBotInspector } from '../replay/inspect-bot.js'

/** Runner whose replays end only when aborted, like replays that take hours. */
export class HeldRunner implements ReplayRunner {
  readonly signals: AbortSignal[] = []

  progress: OnProgress | undefined

  replay(_task: unknown, signal?: AbortSignal, onProgress?: OnProgress): Promise<never> {
    this.progress = onProgress
    if (signal === undefined) throw new TypeError('nothing could ever end it')
    this.signals.push(signal)
    return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
  }

  async close(): Promise<void> {}
}

/** Trace id of the simulated run. */
export const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'

/** Counts running replays for tests. */
class CountedRunner implements ReplayRunner {
  active = 0

  constructor(private readonly inner: ReplayRunner) {}

  async replay(...given: Parameters<ReplayRunner['replay']>): Promise<Replayed> {
    this.active += 1
    try {
      return await this.inner.replay(...given)
    } finally {
      this.active -= 1
    }
  }

  close(): Promise<void> {
    return this.inner.close()
  }
}

/** Fixture with the simulator's own parts on memory adapters and virtual time, without HTTP and bus. */
export async function simulatorHarness({ profile = 'dev' as Profile, runner = new InlineReplayRunner() as ReplayRunner } = {}) {
  const clock = new VirtualClock('2026-01-01T00:00:00Z')
  const [database, outbox, timers] = [new MemoryDatabase(clock), new MemoryOutboxStore(), new MemoryTimerStore()]
  const identity = await testIdentity()
  const coordination = { leadership: { tryLead: async () => false }, notify: () => {}, onNotification: () => {}, close: async () => {} }
  const base = { name: 'simulator' as const, profile, environment: {}, configStoreUrls: [], metrics: new Metrics() }
  const options = { ...base, database, clock, log: silentLogger, roster: identity.roster, signer: identity.serviceSigner('simulator') }
  const stores = { outbox, positions: new MemoryPositionStore(), timers }
  const runtime = createRuntime(options, stores, new MemoryBus(), coordination, async () => ({ database: true, migrations: true }))
  const counted = new CountedRunner(runner)
  const replaying = new RunningReplays(new ReplayRun(runtime.database, runtime.rosters, new Readings(runtime.database), counted), counted)
  const stage = new RunSimulation(runtime, new SimulatorConfig(), replaying)
  stage.onModuleInit()
  const bots = new BotsController(runtime.database, new InlineBotInspector())
  const [scenarios, corpora] = [new ScenariosController(runtime.database), new CorporaController(runtime.database)]
  const trials = new TryPolicies(runtime, new Readings(runtime.database), runner)
  const simulations = new SimulationsController(runtime.database, trials, replaying)
  const inForce = new InForceEvents()
  runtime.timers.start()

  const settle = async (): Promise<void> => {
    for (let quiet = 0; quiet < 10; quiet = runtime.timers.idle && counted.active === 0 ? quiet + 1 : 0) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  /** Yields to pending work, for replays that are blocked. */
  const breathe = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  const cause = { id: '01890a5d-ac96-774b-bcce-b302099a8057', key: POLICY, traceparent: `00-${TRACE}-00f067aa0ba902b7-01` } as ReceivedEvent
  const handle = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => database.transaction(work)

  return {
    bots,
    scenarios,
    corpora,
    trials,
    simulations,
    settle,
    breathe,
    stage,
    runtime,
    identity,
    /** Delivers a document as an event of the state topic. */
    recorded: (document: ConfigDocument): Promise<void> =>
      handle((tx) => inForce.onStateRecorded({ data: { document } } as ReceivedEvent<'hms.state.recorded.v1'>, { tx } as EventContext)),
    addBots: async (sources: Record<string, string>, critical = false): Promise<void> => {
      for (const [id, source] of Object.entries(sources)) await bots.add({ id, source, critical })
    },
    addEvidence: async (): Promise<void> => {
      await scenarios.add({ file: 'pm25.yaml', source: SCENARIO })
      await corpora.add({ id: 'virginia', format: 'csv', content: CORPUS, map: { at: 'date', pm25: 'pm25_ug_m3' } })
    },
    linted: (dossier: RunDossier) => handle((tx) => stage.open(tx, dossier, cause)),
    aborted: (run: number, attempt = 1): Promise<void> => handle((tx) => stage.shell.ended(tx, { run, attempt, reason: 'aborted' })),
    /** Advances the time in steps shorter than a lease, so that running work can renew its lease. */
    advance: async (seconds: number): Promise<void> => {
      for (let step = 0; step < seconds; step++) {
        clock.advanceTo(clock.now().getTime() + 1_000)
        await breathe()
      }
    },
    /** Returns type and data of the published events, without `started`. */
    results: async () => {
      const rows = await database.transaction((tx) => outbox.unsent(tx, 100))
      const events = rows.filter((row) => row.type !== 'hms.simulation.started.v1')
      return events.map(({ type, attempt, traceparent, value }) => {
        const { data } = peekPredicate<{ data: Record<string, unknown> }>(JSON.parse(value!) as Envelope)
        return { type, attempt, traceparent, ...data }
      })
    },
    show: async (run = 184) => JSON.parse(await simulations.show(String(run))) as Record<string, unknown>,
    pending: () => database.transaction(async (tx) => (await timers.pending(tx, 'simulate')).map((timer) => timer.id)),
    stop: async (): Promise<void> => {
      await replaying.onApplicationShutdown()
      await runtime.stop()
    },
  }
}

import type { Database } from '#libs/persistence'
import { MemoryDatabase } from '#libs/persistence/testing'
import { Metrics, silentLogger, uuidv7, type Logger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { generateKeyPair, localSigner, NOTE_COSIGNATURE, rawPublicKey, readVkey, vkeyOf, type LogPolicy } from '#libs/signing'
import { Witness, type WitnessLink } from '#libs/witness'
import { MemorySeenStore } from '#libs/witness/testing'
import { factsOf, type EntryFacts } from '../../apps/audit/src/entries/entry.js'
import { MemoryEntryStore } from '../../apps/audit/src/testing/memory-entry-store.js'
import { LOG_LOCK } from '../../apps/audit/src/entries/entry.store.js'
import { CheckpointLag } from '../../apps/audit/src/log/checkpoint-lag.js'
import { Sequencer } from '../../apps/audit/src/log/sequencer.js'
import { SuspendedWitnesses } from '../../apps/audit/src/log/suspended-witnesses.js'
import { MemoryTreeStore } from '../../apps/audit/src/testing/memory-tree-store.js'
import { LOG_POLICY, LOG_SIGNER } from './test-log.js'

/** An instance of audit with a database of its own. */
export class LogInstance {
  readonly clock = new VirtualClock()
  readonly metrics = new Metrics()
  readonly alarms: string[] = []
  readonly sequencer: Sequencer
  private readonly database: Database = new MemoryDatabase(this.clock)
  private readonly tree = new MemoryTreeStore()
  private readonly entries = new MemoryEntryStore()

  constructor(witnesses: readonly WitnessLink[], policy: LogPolicy = LOG_POLICY) {
    const say = (fields: object): void => {
      const { alarm, witness } = fields as { alarm?: string; witness?: string }
      this.alarms.push([alarm, witness].filter(Boolean).join(' '))
    }
    const log = { ...silentLogger, error: say } as Logger
    this.sequencer = new Sequencer({
      database: this.database,
      tree: this.tree,
      policy: () => policy,
      clock: this.clock,
      log,
      keys: async () => ({ signer: LOG_SIGNER, witnesses }),
      announce: async () => {},
      lag: new CheckpointLag(this.metrics, this.clock, log),
      suspended: new SuspendedWitnesses(this.clock, log, this.metrics),
    })
  }

  async append(facts: readonly EntryFacts[]): Promise<this> {
    await this.database.transaction(async (tx) => {
      await tx.lock([LOG_LOCK])
      for (const each of facts) await this.entries.append(tx, each)
      await this.entries.sequence(tx, facts.length)
    })
    return this
  }

  latest(): Promise<string | undefined> {
    return this.database.transaction(async (tx) => (await this.tree.latest(tx))?.note)
  }

  /** Moves time, then publishes what there is. */
  publishAfter(ms: number): Promise<boolean> {
    this.clock.advanceTo(this.clock.now().getTime() + ms)
    return this.sequencer.publish()
  }

  async gauge(name: string): Promise<number | undefined> {
    return (await this.metrics.gauge(name, '', []).get()).values[0]?.value
  }
}

/** A witness with a key of its own, as the roster would name it. */
export function witnessNamed(name: string): Witness {
  const { publicKey, privateKey } = generateKeyPair()
  const key = readVkey(vkeyOf(name, NOTE_COSIGNATURE, rawPublicKey(publicKey)))
  return new Witness(key, localSigner(privateKey), () => [LOG_POLICY.log], new MemorySeenStore(), new VirtualClock())
}

export function entryFacts(count: number): EntryFacts[] {
  return Array.from({ length: count }, () => {
    const head = { id: uuidv7(), source: '/hms-svc/linter', type: 'hms.lint.passed.v1', topic: 'hms.lint.v1', key: 'ozone', keySeq: 1 }
    return factsOf({
      ...head,
      time: '2026-01-01T00:00:00.000Z',
      runId: '1',
      data: {},
      envelope: { payload: 'e30=', payloadType: 'x', signatures: [] },
    })
  })
}

import type { Database, Transaction } from '#libs/persistence'
import { describeError, type Clock, type Logger } from '#libs/platform'
import type { LoggedProof } from '#libs/contracts'
import { formatCheckpoint, signNote, type LogPolicy, type Signer } from '#libs/signing'
import type { WitnessLink } from '#libs/witness'
import type { CheckpointLag } from './checkpoint-lag.js'
import { Cosigners } from './cosigners.js'
import { proofOf } from './proof-of.js'
import { growTree, rootOf, type Grown } from './tree.js'
import { TREE_LOCK, type PublishedCheckpoint, type TreeStore } from './tree.store.js'

/** Entries wait so long for others to share a checkpoint with. */
const BATCH_MS = 200
/** What another instance wrote, or a witness did not sign, is looked at again. */
const POLL_MS = 1_000

export interface LogKeys {
  signer: Signer
  witnesses: readonly WitnessLink[]
}

export interface SequencerDependencies {
  database: Database
  tree: TreeStore
  policy: LogPolicy
  /** `undefined` where this process holds no key of the log: then another one publishes. */
  keys(): Promise<LogKeys | undefined>
  clock: Clock
  log: Logger
  /** A release is proven from here on; in the transaction that publishes the checkpoint. */
  announce(tx: Transaction, proof: LoggedProof): Promise<void>
  lag: CheckpointLag
}

/**
 * Turns entries into checkpoints: rows, tree, signature, witnesses, publication, in that order, so that nothing is published that a crash
 * could take back. Any instance may do it; the lock on the tree and the witnesses keep them from telling two histories.
 */
export class Sequencer {
  /** Why nothing may be added any more: this database lacks entries that a witness has seen. */
  halted: string | undefined
  private checked = false
  private running = false
  private waiting = false
  private stopped = true
  private cancelNext: () => void = () => {}
  private keys: LogKeys | undefined
  private readonly cosigners: Cosigners

  constructor(private readonly deps: SequencerDependencies) {
    this.cosigners = new Cosigners(deps, (reason) => this.halt(reason))
  }

  /** Rejects when a key that should be there is not. */
  async start(): Promise<void> {
    if ((await this.openKeys()) === undefined) return
    this.stopped = false
    this.later(0)
  }

  stop(): void {
    this.stopped = true
    this.cancelNext()
  }

  /** Entries were added. */
  wake(): void {
    if (this.waiting) return
    this.waiting = true
    if (!this.running) this.later(BATCH_MS)
  }

  /** Publishes what there is. `false`: nothing new, or witnesses are missing. */
  async publish(): Promise<boolean> {
    const { policy, log, lag } = this.deps
    const keys = await this.openKeys()
    const grown = keys === undefined ? undefined : await this.grow()
    if (keys === undefined || grown === undefined) {
      if (this.halted === undefined) lag.is(0)
      return false
    }
    lag.is(grown.size - grown.published)
    const body = formatCheckpoint({ origin: policy.log.name, size: grown.size, root: grown.root })
    const note = await signNote(body, policy.log, keys.signer)
    const signed = await this.cosigners.sign(keys.witnesses, grown, note)
    if (this.halted !== undefined || signed.length < policy.quorum) {
      log.debug({ size: grown.size, signed: signed.length, quorum: policy.quorum, halted: this.halted }, 'a checkpoint has not enough witnesses and is not published')
      return false
    }
    await this.store({ size: grown.size, note: `${note}${signed.join('')}` })
    lag.is(0)
    this.checked = true
    return true
  }

  /** With the proofs of the releases that the last checkpoint did not cover yet: what waits for one goes on. */
  private store(checkpoint: PublishedCheckpoint): Promise<void> {
    const { database, tree, announce } = this.deps
    return database.transaction(async (tx) => {
      await tx.lock([TREE_LOCK])
      const before = (await tree.latest(tx))?.size ?? 0
      if (checkpoint.size <= before) return
      await tree.publish(tx, checkpoint)
      for (const release of await tree.releasesIn(tx, before, checkpoint.size)) {
        const { digest, policy, version } = release
        await announce(tx, { policy, version, digest, proof: await proofOf(tree, tx, release, checkpoint) })
      }
    })
  }

  private async openKeys(): Promise<LogKeys | undefined> {
    return (this.keys ??= await this.deps.keys())
  }

  /** At the start a tree that did not grow is shown to the witnesses too: they know whether it once was longer. */
  private grow(): Promise<Grown | undefined> {
    const { database, tree } = this.deps
    return database.transaction(async (tx) => {
      await tx.lock([TREE_LOCK])
      const [size, latest] = [await tree.size(tx), await tree.latest(tx)]
      const published = latest?.size ?? 0
      if (size < published) this.halt(`the log has ${size} entries, and a checkpoint of ${published} was published`)
      if (this.halted !== undefined || size === 0 || (size === published && this.checked)) return undefined
      await growTree(tree, tx, size)
      return { size, root: await rootOf(tree, tx, size), published }
    })
  }

  private halt(reason: string): void {
    if (this.halted === undefined) this.deps.log.error({ alarm: 'audit_forked', reason }, 'the audit log takes nothing more until people have looked at it')
    this.halted ??= reason
  }

  private later(delayMs: number): void {
    if (this.stopped) return
    this.cancelNext()
    this.cancelNext = this.deps.clock.after(delayMs, () => {
      this.running = true
      this.waiting = false
      void this.publish()
        .catch((error: unknown) => this.deps.log.debug({ error: describeError(error) }, 'the log could not be brought up to date'))
        .finally(() => {
          this.running = false
          this.later(this.waiting ? BATCH_MS : POLL_MS)
        })
    })
  }
}

import type { Database, Transaction } from '#libs/persistence'
import { describeError, PeriodicTask, type Clock, type Logger } from '#libs/platform'
import { command, HmsError, type LoggedApproval } from '#libs/contracts'
import { formatCheckpoint, isWitnessed, signNote, type LogPolicy, type Signer } from '#libs/signing'
import type { WitnessLink } from '#libs/witness'
import type { CheckpointLag } from './checkpoint-lag.js'
import { Cosigners } from './cosigners.js'
import { approvalsIn } from './proof-of.js'
import type { SuspendedWitnesses } from './suspended-witnesses.js'
import { growTree, rootOf, type Grown } from './tree.js'
import { TREE_LOCK, type PublishedCheckpoint, type TreeStore } from './tree.store.js'

/** Time in ms that entries without a waiting run wait for others to share a checkpoint; an awaited entry includes them. */
const BATCH_MS = 200
/** Polling interval in ms, for entries of other instances and missing witness signatures. */
const POLL_MS = 1_000

export interface LogKeys {
  signer: Signer
  witnesses: readonly WitnessLink[]
}

export interface SequencerDependencies {
  database: Database
  tree: TreeStore
  /** Policy of the newest roster; `undefined` while it names no log. Read at every use. */
  policy(): LogPolicy | undefined
  /**
   * Resolves to `undefined` if this process has no key of the log: another one then publishes. Rejects with a key that belongs to another
   * service.
   */
  keys(policy: LogPolicy): Promise<LogKeys | undefined>
  clock: Clock
  log: Logger
  /** Publishes that the releases of an approval are proven, in the transaction that publishes the checkpoint. */
  announce(tx: Transaction, approval: LoggedApproval): Promise<void>
  lag: CheckpointLag
  suspended: SuspendedWitnesses
}

interface OpenKeys extends LogKeys {
  policy: LogPolicy
}

/**
 * Turns entries into checkpoints: rows, tree, signature, witnesses, publication, in that order, so a crash cannot revert anything
 * published. Any instance may do it; the lock on the tree and the witnesses prevent two histories.
 */
export class Sequencer {
  /** Reason why nothing may be added any more: the log signed another history than this database has. */
  halted: string | undefined
  /** Keys by which the current tree was published since this start. */
  private publishedBy: OpenKeys | undefined
  /** `idle`: there are no keys to publish with, until another roster names some. */
  private state: 'new' | 'idle' | 'running' | 'over' = 'new'
  private waiting = false
  /** Whether a run waits for the next checkpoint. */
  private awaited = false
  private readonly turns: PeriodicTask
  private keys: OpenKeys | undefined
  private complainedOf: LogPolicy | undefined
  /** Size of the largest published checkpoint this process read. */
  private newest = 0
  private readonly cosigners: Cosigners

  constructor(private readonly deps: SequencerDependencies) {
    this.cosigners = new Cosigners(deps, deps.suspended, (reason) => this.halt(reason))
    this.turns = new PeriodicTask(deps.clock, {
      everyMs: () => (this.state === 'running' ? POLL_MS : Infinity),
      run: () => this.turn(),
      failed: (error) => {
        deps.lag.show()
        deps.log.debug({ error: describeError(error) }, 'the log could not be brought up to date')
        if (this.waiting) this.turns.wake(BATCH_MS)
      },
    })
  }

  /** Rejects if a required key is missing. */
  async start(): Promise<void> {
    this.state = (await this.openKeys()) === undefined ? 'idle' : 'running'
    this.turns.start(this.state === 'running' ? 0 : Infinity)
  }

  /** Handles a new roster, which may have another log or other witnesses. */
  reopen(): void {
    if (this.state === 'idle') this.state = 'running'
    this.waiting = true
    if (this.state === 'running') this.turns.wake()
  }

  /** Stops without waiting for a checkpoint in progress: a witness may be slow. */
  stop(): void {
    this.state = 'over'
    void this.turns.stop()
  }

  /** Notes added entries. `isAwaited`: they are published immediately, or together with entries that arrive during another checkpoint. */
  wake(isAwaited = false): void {
    if (this.waiting && !isAwaited) return
    this.waiting = true
    this.awaited ||= isAwaited
    if (this.state === 'running') this.turns.wake(this.awaited ? 0 : BATCH_MS)
  }

  /** Publishes the current tree. `false`: nothing new, or witnesses are missing. */
  async publish(): Promise<boolean> {
    const { log, lag } = this.deps
    const keys = await this.openKeys()
    const grown = keys === undefined ? undefined : await this.grow(keys)
    if (keys === undefined || grown === undefined) return false
    const { policy, signer } = keys
    const body = formatCheckpoint({ origin: policy.log.name, size: grown.size, root: grown.root })
    const note = await signNote(body, policy.log, signer)
    if (this.isPublished(grown, keys)) {
      await this.cosigners.askSuspended(keys, grown, note)
      return false
    }
    const signed = await this.cosigners.sign(keys, grown, note, { isFirst: this.publishedBy !== keys })
    if (this.halted !== undefined || signed.length < policy.quorum) {
      log.debug(
        { size: grown.size, signed: signed.length, quorum: policy.quorum, halted: this.halted },
        'a checkpoint has not enough witnesses and is not published',
      )
      return false
    }
    await this.store({ size: grown.size, note: `${note}${signed.join('')}` }, policy)
    lag.is(0)
    lag.published()
    this.publishedBy = keys
    return true
  }

  /** Stores the checkpoint, and announces the proofs of releases that the last checkpoint did not cover, so their runs continue. */
  private store(checkpoint: PublishedCheckpoint, policy: LogPolicy): Promise<void> {
    const { database, tree, announce } = this.deps
    return database.locked([TREE_LOCK], async (tx) => {
      const before = await tree.latest(tx)
      // A checkpoint of the same tree under the log's earlier key is followed by one that readers of the newest roster accept.
      if (before !== undefined && (checkpoint.size < before.size || (checkpoint.size === before.size && isWitnessed(before.note, policy))))
        return
      await tree.publish(tx, checkpoint)
      const news = { start: before?.size ?? 0, end: checkpoint.size }
      for (const approval of await approvalsIn(tree, tx, news, checkpoint)) await announce(tx, approval)
    })
  }

  private async openKeys(): Promise<OpenKeys | undefined> {
    const policy = this.deps.policy()
    if (policy === undefined) return undefined
    if (this.keys?.policy === policy) return this.keys
    const keys = await this.deps.keys(policy)
    this.keys = keys && { ...keys, policy }
    if (this.keys !== undefined) this.lookAt(this.keys)
    return this.keys
  }

  private lookAt({ policy, witnesses }: OpenKeys): void {
    const { suspended, log } = this.deps
    suspended.keepOnly(witnesses.map(({ key }) => key))
    if (policy.witnesses.length > 0 && policy.quorum * 2 <= policy.witnesses.length) {
      log.warn(
        { quorum: policy.quorum, witnesses: policy.witnesses.length, next: command('roster.show') },
        'half of the witnesses or fewer are a quorum: two halves could sign two histories of the log',
      )
    }
  }

  /**
   * Whether the tree is published. At the start, and under other keys, an unchanged tree is sent to the witnesses too, because they detect
   * a truncation.
   */
  private isPublished({ size, published }: Pick<Grown, 'size' | 'published'>, keys: OpenKeys): boolean {
    return size === published && this.publishedBy === keys
  }

  private grow(keys: OpenKeys): Promise<Grown | undefined> {
    const { database, tree, lag, suspended } = this.deps
    return database.locked([TREE_LOCK], async (tx) => {
      const [size, latest] = await Promise.all([tree.size(tx), tree.latest(tx)])
      const published = latest?.size ?? 0
      if (published > this.newest) lag.published()
      this.newest = Math.max(this.newest, published)
      lag.grew(size)
      if (size < this.newest || published < this.newest)
        this.halt(`the log has ${size} entries, ${published} of them in a checkpoint, and one of ${this.newest} was published`)
      lag.is(Math.max(0, size - published))
      if (this.halted !== undefined || size === 0) return undefined
      if (
        this.isPublished({ size, published }, keys) &&
        !keys.witnesses.some(({ key }) => suspended.isSuspended(key) && suspended.mayAsk(key))
      )
        return undefined
      await growTree(tree, tx, size)
      return { size, root: await rootOf(tree, tx, size), published }
    })
  }

  /** Measures the lag. Entries wait for their checkpoint even while there are no keys to publish with. */
  private async measure(): Promise<void> {
    const { database, tree, lag } = this.deps
    try {
      lag.is(await database.transaction(async (tx) => Math.max(0, (await tree.size(tx)) - ((await tree.latest(tx))?.size ?? 0))))
    } catch {
      lag.show()
    }
  }

  private halt(reason: string): void {
    if (this.halted !== undefined) return
    this.halted = reason
    this.deps.lag.halt()
    this.deps.log.error(
      { alarm: 'audit_forked', reason, next: command('audit.verify') },
      'the audit log takes nothing more until people have looked at it',
    )
  }

  get concerns(): string[] {
    const { suspended, lag } = this.deps
    return [...(this.halted === undefined ? [] : [`the audit log is halted: ${this.halted}`]), ...suspended.concerns, ...lag.concerns]
  }

  private async turn(): Promise<void> {
    this.waiting = false
    this.awaited = false
    if (await this.isOpen()) await this.publish()
  }

  /**
   * Whether the keys are available. Only a person can fix the keys: the error is logged once per roster, and the keys are read again each
   * time, because the file may be replaced at any time.
   */
  private async isOpen(): Promise<boolean> {
    const { log, policy } = this.deps
    try {
      const isOpen = (await this.openKeys()) !== undefined
      if (!isOpen && !this.waiting && this.state === 'running') this.state = 'idle'
      return isOpen
    } catch (error) {
      const next = error instanceof HmsError ? error.next : [command('roster.show')]
      await this.measure()
      if (this.complainedOf !== policy())
        log.error({ alarm: 'audit_log_key', error: describeError(error), next }, 'no checkpoint is published until this is fixed')
      this.complainedOf = policy()
      return false
    }
  }
}

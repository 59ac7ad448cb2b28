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

/** Time in ms that an entry waits to share a checkpoint. An entry awaited by a run gets one at once, with the waiting ones. */
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
   * Resolves to the key and the witnesses of the log; to `undefined` if this process has no key of the log, so another process publishes.
   * Rejects for a key that the roster does not name, and for too few witness addresses.
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
 * Makes checkpoints of the entries, in this order: rows, tree, signature, witnesses, publication. A crash at any point therefore reverts
 * nothing that is published. Any instance may publish; the lock on the tree and the witnesses prevent two histories.
 */
export class Sequencer {
  /** Reason why the log accepts no further entries, once it is halted: the log signed another history than this database has. */
  halted: string | undefined
  /** Keys with which this process last published a checkpoint since its start. */
  private publishedBy: OpenKeys | undefined
  /** `idle`: this process has no keys to publish with, and waits for another roster. */
  private state: 'new' | 'idle' | 'running' | 'over' = 'new'
  private waiting = false
  /** Whether a run waits for the next checkpoint. */
  private awaited = false
  private readonly turns = new PeriodicTask(this.deps.clock, {
    everyMs: () => (this.state === 'running' ? POLL_MS : Infinity),
    run: () => this.turn(),
    failed: (error) => {
      this.deps.lag.show()
      this.deps.log.debug({ error: describeError(error) }, 'the log could not be brought up to date')
      if (this.waiting) this.turns.wake(BATCH_MS)
    },
  })
  private keys: OpenKeys | undefined
  private complainedOf: LogPolicy | undefined
  /** Size of the largest published checkpoint this process read. */
  private newest = 0
  private readonly cosigners = new Cosigners(this.deps, this.deps.suspended, (reason) => this.halt(reason))

  constructor(private readonly deps: SequencerDependencies) {}

  /** Starts publishing; without a key of the log it stays idle. Rejects if the keys are wrong. */
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

  /** Schedules a checkpoint; if a run waits for it (`isAwaited`), immediately or right after a checkpoint in progress. */
  wake(isAwaited = false): void {
    if (this.waiting && !isAwaited) return
    this.waiting = true
    this.awaited ||= isAwaited
    if (this.state === 'running') this.turns.wake(this.awaited ? 0 : BATCH_MS)
  }

  /** Publishes a checkpoint of the current tree; `false` if nothing is new, keys or witnesses are missing, or the log is halted. */
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
    const witnessed = `${note}${signed.join('')}`
    // guard: quorum-of-witnesses
    if (this.halted !== undefined || !isWitnessed(witnessed, policy)) {
      log.debug(
        { size: grown.size, signed: signed.length, quorum: policy.quorum, halted: this.halted },
        'a checkpoint has not enough witnesses and is not published',
      )
      return false
    }
    await this.store({ size: grown.size, note: witnessed }, policy)
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
      // An unchanged tree gets another checkpoint if the newest roster does not accept the earlier one, as after a change of the log's key.
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
    if (this.keys !== undefined) this.applyWitnesses(this.keys)
    return this.keys
  }

  private applyWitnesses({ policy, witnesses }: OpenKeys): void {
    const { suspended, log } = this.deps
    suspended.keepOnly(witnesses.map(({ key }) => key))
    if (policy.witnesses.length > 0 && policy.quorum * 2 <= policy.witnesses.length) {
      log.warn(
        { quorum: policy.quorum, witnesses: policy.witnesses.length, next: command('roster.show') },
        'half of the witnesses or fewer are a quorum: two halves could sign two histories of the log',
      )
    }
  }

  /** Whether this process published the tree with these keys. If not, it sends witnesses even an unchanged tree: they detect truncation. */
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

  /** Updates the lag while there are no keys to publish with: entries wait for their checkpoint then too. */
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
   * Whether the keys are available. Only a person can fix wrong keys, so the error is logged once per roster. The keys are read again on
   * each turn, because the file may be replaced at any time.
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

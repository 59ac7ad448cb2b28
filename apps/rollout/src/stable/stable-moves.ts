import {
  action,
  HmsError,
  keptCommands,
  type Change,
  type IssuedHeads,
  type KeptPolicy,
  type ReleaseDocument,
  type RollbackResult,
} from '#libs/contracts'
import { policyKey, type Outbox } from '#libs/messaging'
import { timerKind, type Database, type Timers, type Transaction } from '#libs/persistence'
import { currentTraceparent, describeError, inTrace, type Logger } from '#libs/platform'
import { DirectHeadDelivery, isRefusedByAll, MAX_STEP, requireSmallStep, signHeads, type DirectDelivery, type Signals } from '#libs/service'
import { refOf, signChange, STABLE_SCOPE, type Signer } from '#libs/signing'
import { respond } from '#libs/stage'
import { recordLiveVersion } from './live-version.table.js'
import {
  REISSUE_HEAD,
  newestOf,
  reversedOf,
  runOf,
  STABLE_HEADS,
  STABLE_MOVED,
  stableOf,
  STABLES,
  withMoveReverted,
  type MoveEvent,
  type RunEnding,
  type Stable,
  type Unannounced,
} from './stable.table.js'

/** Delay in ms after which a timer announces a move whose instance has crashed. */
const ANNOUNCE_AFTER_MS = 10_000

const ANNOUNCE = timerKind<{ policy: string; policies?: string[] }>('announce-move')

/** State of a policy before and after its next head. `event`: set for a move that removes a release, to notify other services. */
export interface Move {
  before: Stable
  after: Stable
  event?: MoveEvent
}

/** Cause of moves that are issued and announced together. */
export interface Cause {
  key: string
  /** Run that causes the moves; missing for a direct decision of people. */
  of?: { run: number; attempt: number; causationId: string }
  /** People and reason behind the moves; missing for a renewal. */
  change?: Change
  /** Effect that ends this run if every config-store refuses the heads. */
  refused?: RunEnding
  /** If set, posts the heads to every config-store after the commit, in this trace. Else the caller or only the bus delivers. */
  postedIn?: { traceparent: string | undefined }
}

interface Reversal {
  to: ReleaseDocument
  change: Change
  run: number | null
}

/** Results of the config-stores that heads were posted to. */
type Delivered = Pick<RollbackResult, 'revision' | 'stored'>

/**
 * Issues all stable heads, committed with their state, all of a bundle in one message. Other services are notified once a config-store may
 * have the heads; if all refuse, higher heads revert the moves, and no service is notified. A timer announces a crashed instance's moves.
 */
export class StableMoves {
  /** `overtake`: ends the run that owns a policy, when another cause moves that policy. */
  constructor(
    private readonly database: Database,
    private readonly outbox: Outbox,
    private readonly timers: Timers,
    private readonly signals: Signals,
    private readonly signer: Signer,
    private readonly log: Logger,
    private readonly headDelivery: DirectHeadDelivery,
    private readonly overtake: (tx: Transaction, run: number, policy: string) => Promise<void>,
  ) {}

  listen(): void {
    this.timers.on(ANNOUNCE, async (tx, { data: { policy, policies = [policy] } }) =>
      this.announceAll(tx, await unannouncedOf(tx, policies)),
    )
    // Scheduled after the database was restored from a backup.
    this.timers.on(REISSUE_HEAD, async (tx, { data: { policy } }) => {
      const before = await stableOf(tx, policy)
      if (before === undefined) return
      const reissue = { before, after: { ...before, seq: before.seq + 1 } }
      await this.moveStable(tx, [reissue], { key: policy, postedIn: { traceparent: currentTraceparent() } })
    })
  }

  /** Issues the next heads; the caller holds the locks. A move with an event ends the policy's run, unless it is the cause. */
  async moveStable(tx: Transaction, moves: readonly Move[], cause: Cause): Promise<IssuedHeads> {
    const stables: Stable[] = []
    for (const move of moves) stables.push(move.event === undefined ? move.after : await this.announceLater(tx, moves, move, cause))
    const issued = await this.issue(tx, stables, cause)
    for (const { before, event } of moves)
      if (event !== undefined && before.run !== null && before.run !== cause.of?.run) await this.overtake(tx, before.run, before.policy)
    const { postedIn } = cause
    if (postedIn !== undefined)
      tx.afterCommit(() =>
        moves.some(({ event }) => event !== undefined)
          ? void inTrace(postedIn.traceparent, () => this.deliverInBackground(issued, seqsOf(stables)))
          : this.headDelivery.deliverSoon(issued, postedIn.traceparent),
      )
    return issued
  }

  /**
   * Posts heads to every config-store and announces the moves; if all refuse, reverts them (and with `undo` the caller's other changes) and
   * throws 409 `HMS_ROLLOUT_HEAD_REFUSED`. `issued`: `undefined` if on the bus already. `seqs`: by policy; heads changed since are skipped.
   */
  async deliver(
    issued: IssuedHeads | undefined,
    seqs: ReadonlyMap<string, number>,
    undo?: (tx: Transaction) => Promise<void>,
  ): Promise<Delivered> {
    const delivered = issued === undefined ? [] : await this.headDelivery.deliver(issued)
    const policies = [...seqs.keys()]
    const refusal = isRefusedByAll(delivered) ? refusedByAll(policies, delivered) : undefined // guard: rollback-refused-by-all
    await this.database.locked(policies.map(policyKey), async (tx) => {
      const moved = (await unannouncedOf(tx, policies)).filter(({ policy, seq }) => seq === seqs.get(policy))
      if (refusal === undefined) await this.announceAll(tx, moved, delivered.find(({ storedAt }) => storedAt !== undefined)?.storedAt)
      else if (moved.length > 0) {
        await this.revert(tx, moved, delivered[0]!.detail ?? refusal.code)
        await undo?.(tx)
      }
    })
    if (refusal !== undefined) throw refusal
    return {
      revision: Math.max(0, ...delivered.map(({ revision }) => revision)),
      stored: delivered.map(({ url, ok, detail }) => ({ url, ok, ...(detail === undefined ? {} : { detail }) })),
    }
  }

  private async deliverInBackground(issued: IssuedHeads, seqs: ReadonlyMap<string, number>): Promise<void> {
    try {
      await this.deliver(issued, seqs)
    } catch (error) {
      // After any error but a refusal by every config-store, the timer announces the move.
      this.log.warn({ policies: [...seqs.keys()], error: describeError(error) }, 'the new stable heads were not announced')
    }
  }

  /** Returns the moved state with its event stored in it, and schedules the timer that announces the event if this instance crashes. */
  private async announceLater(tx: Transaction, moves: readonly Move[], { before, after, event }: Move, cause: Cause): Promise<Stable> {
    const { policy } = after
    const { key, refused } = cause // guard: reversals-before-the-end
    const of = cause.of && { ...cause.of, policies: moves.map((move) => move.after.policy) }
    const policies = of?.policies ?? [policy]
    const dueAt = new Date(tx.now.getTime() + ANNOUNCE_AFTER_MS)
    await this.timers.schedule(tx, {
      id: timerId(policy),
      kind: ANNOUNCE,
      keys: policies.map(policyKey),
      data: { policy, policies },
      dueAt,
    })
    const unannounced = { event: event!, key, ...(of && { of }), ...(refused && { ends: { refused } }), before: revertibleStateOf(before) }
    return { ...after, unannounced }
  }

  /** Signs heads and stores them. Each head names the run that made its release live, also after a rollback. */
  private async issue(tx: Transaction, stables: readonly Stable[], { key, of, change }: Cause): Promise<IssuedHeads> {
    const heads = stables.map((stable) => {
      const { policy, seq, sinceSeq, current, next } = stable
      // guard: head-names-its-run
      const head = { policy, scope: STABLE_SCOPE, seq, sinceSeq, issuedAt: tx.now.toISOString(), run: runOf(stable, current) }
      return { head, current, next: next && { ...next, run: runOf(stable, next.release) } }
    })
    for (const stable of stables) {
      const { policy, seq, current } = stable
      const before = await stableOf(tx, policy)
      const last = seq > MAX_STEP ? await tx.documents(STABLE_HEADS).get(policy) : undefined
      requireSmallStep(`a head of ${policy}`, last?.seq, seq) // guard: stable-numbers-left
      // The earlier move is announced first, because other services must receive moves in order.
      if (before?.unannounced !== undefined) await this.announce(tx, before.unannounced)
      await recordLiveVersion(tx, before?.current ?? null) // guard: live-version-remembered
      await tx.documents(STABLES).put(stable)
      await tx.documents(STABLE_HEADS).put({ policy, seq, current: current?.releaseDigest ?? null })
    }
    tx.afterCommit(() => this.signals.send(STABLE_MOVED))
    const about = stables.map(({ policy, seq }) => ({ policy, seq }))
    const issued: IssuedHeads = {
      ...(await signHeads(heads, this.signer)),
      ...(change === undefined ? {} : { change: await signChange({ ...change, heads: about }, this.signer) }),
    }
    await this.outbox.emit(tx, 'hms.head.issued.v1', issued, { key, ...originOf(of) })
    return issued
  }

  private async announceAll(tx: Transaction, moved: readonly Stable[], storedAt?: string): Promise<void> {
    for (const { unannounced, ...stable } of moved) {
      await tx.documents(STABLES).put(stable)
      await this.announce(tx, unannounced!, storedAt)
      await this.timers.cancel(tx, timerId(stable.policy))
    }
  }

  private async announce(tx: Transaction, { ends, ...move }: Unannounced, storedAt?: string): Promise<void> {
    const { event, key, of } = move
    const data = event.type === 'hms.rollout.reversed.v1' && storedAt !== undefined ? { ...event.data, storedAt } : event.data
    await this.outbox.emit(tx, event.type, data, { key, ...originOf(of) })
    if (ends?.announced !== undefined) await this.end(tx, move, ends.announced)
  }

  private async revert(tx: Transaction, moved: readonly Stable[], detail: string): Promise<void> {
    for (const { unannounced: _event, ...stable } of moved) {
      await tx.documents(STABLES).put(stable)
      await this.timers.cancel(tx, timerId(stable.policy))
    }
    const back = moved.map((before) => ({ before, after: withMoveReverted(before, before.unannounced!.before) }))
    await this.moveStable(tx, back, { key: moved[0]!.unannounced!.key, postedIn: { traceparent: currentTraceparent() } })
    const kept = back.flatMap(({ before, after }) => keptOf(before, after, detail))
    for (const { unannounced } of moved) {
      const { ends, ...move } = unannounced!
      // guard: signed-rollback-refused-by-all
      if (ends !== undefined) await this.end(tx, move, ends.announced === undefined ? ends.refused : withKept(ends.refused, kept))
    }
  }

  private async end(tx: Transaction, { key, of }: Pick<Unannounced, 'key' | 'of'>, ending: RunEnding): Promise<void> {
    if (ending.do === 'answer') await respond(this.outbox, tx, ending, { stage: 'rollout', key, ...of! })
    else await this.outbox.emit(tx, ending.type, ending.data, { key, ...originOf(of) })
  }
}

/** Returns the event of a move to `to` that people decided. `run`: run of the release that people signed for this move, if any. */
export function reversalOf(before: Stable, after: Stable, { to, change, run }: Reversal): MoveEvent {
  // A withdrawn policy has no release in force. `from` is then the release last in force: its partners are notified of the new release.
  const removed = reversedOf(before, after) ?? { from: refOf(before.history.at(-1) ?? to) }
  const by = change.by.join(', ')
  const reason = change.reason === null ? by : `${by}: ${change.reason}`
  return { type: 'hms.rollout.reversed.v1', data: { policy: after.policy, ...removed, to, seq: after.seq, reason, run, change } }
}

export function seqsOf(stables: readonly Pick<Stable, 'policy' | 'seq'>[]): Map<string, number> {
  return new Map(stables.map(({ policy, seq }) => [policy, seq]))
}

export function withKept(ending: RunEnding, kept: KeptPolicy[]): RunEnding {
  return ending.do === 'answer' ? { ...ending, kept } : { ...ending, data: { ...ending.data, kept, next: keptCommands(kept) } }
}

function originOf(of: Cause['of']): Partial<NonNullable<Cause['of']>> {
  if (of === undefined) return {}
  const { run, attempt, causationId } = of
  return { run, attempt, causationId }
}

/** Returns the state of those policies whose last move is not announced yet, in the order given. */
async function unannouncedOf(tx: Transaction, policies: readonly string[]): Promise<Stable[]> {
  const stables = await Promise.all(policies.map((policy) => stableOf(tx, policy)))
  return stables.flatMap((stable) => (stable?.unannounced === undefined ? [] : [stable]))
}

function revertibleStateOf({ current, bundle, takenBackWith, sinceSeq, sinceSeqBefore, next }: Stable): Unannounced['before'] {
  return { current, bundle, takenBackWith, sinceSeq, sinceSeqBefore, ...(next === undefined ? {} : { next }) }
}

/** Returns the release that stays in force after every config-store refused to revert it. */
function keptOf(moved: Stable, back: Stable, detail: string): KeptPolicy[] {
  const version = newestOf(back)?.version
  if (version === undefined) return []
  return [{ id: back.policy, version, refused: moved.current?.version ?? null, code: 'HMS_ROLLOUT_HEAD_REFUSED', detail }]
}

function timerId(policy: string): string {
  return `announce-move:${policy}`
}

function refusedByAll(policies: readonly string[], deliveries: readonly DirectDelivery[]): HmsError {
  const detail =
    `Every config-store refused the new head of ${policies.join(', ')}: ${deliveries[0]!.detail ?? 'refused'}. It was reverted, ` +
    `no one was notified, and the previous version stays in force.`
  return new HmsError('HMS_ROLLOUT_HEAD_REFUSED', detail, { status: 409, next: [action('doctor'), action('roster.show')] })
}

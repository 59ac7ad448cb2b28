import type { EventData, ReleaseDocument, ReversedPolicy } from '#libs/contracts'
import { isGuardRelease } from '#libs/guard'
import { policyKey } from '#libs/messaging'
import { documentTable, timerKind, type Transaction } from '#libs/persistence'
import type { CommonEffect } from '#libs/pipeline'
import { refOf, type ReleaseRef, type StableHead } from '#libs/signing'
import { ALL_COUNTERS, firstNumber, upcoming, type CounterAdvance, type Upcoming } from '#libs/service'

/** Live state of one policy for all readers: the number of its head, and the releases it can be rolled back to. */
export interface Stable {
  policy: string
  seq: number
  /** Number of the head with which `current` came into force; later heads keep it. `sinceSeqBefore`: that of the release before. */
  sinceSeq?: number
  sinceSeqBefore?: number
  current: ReleaseDocument | null
  /** Releases that were stable before, newest last. */
  history: ReleaseDocument[]
  /** Run whose rollout is in progress. */
  run: number | null
  /** Policies that became live together with the current release; they are rolled back together. */
  bundle: string[]
  /** Policies rolled back since the last advance; they are reinstated together. */
  takenBackWith: string[]
  /** Run that made each release live, by release digest: of `current`, `next` and `history`. */
  liveBy: Record<string, number>
  /** Releases of `history` that their own run rolled back, by release digest: only a new approval makes them live again. */
  failed: string[]
  /** Release that all readers already have, held until its effective time; it becomes current then, without another head. */
  next?: Upcoming & { bundle: string[] }
  /** Last move, while other services are not notified of it: see `StableMoves`. */
  unannounced?: Unannounced
}

/** A move, announced once a config-store possibly has its head. */
export interface Unannounced {
  event: MoveEvent
  key: string
  /** Run that caused the move; missing for a direct decision of people. Its `policies` are announced together. */
  of?: { run: number; attempt: number; causationId: string; policies: string[] }
  /** Effects that end this run: `announced` once the move is announced, `refused` if every config-store refuses the head. */
  ends?: { announced?: RunEnding; refused: RunEnding }
  /** State before the move, to which it is reverted if every config-store refuses the head. */
  before: Pick<Stable, 'current' | 'bundle' | 'takenBackWith' | 'sinceSeq' | 'sinceSeqBefore' | 'next'>
}

/** Effect that ends a run. It is sent later, as `StageShell` would have sent it. */
export type RunEnding = Extract<CommonEffect<'hms.rollout.failed.v1', never>, { do: 'emit' | 'answer' }>

export type MoveEvent =
  | { type: 'hms.rollout.reversed.v1'; data: EventData['hms.rollout.reversed.v1'] }
  | { type: 'hms.rollout.withdrawn.v1'; data: EventData['hms.rollout.withdrawn.v1'] }

export const STABLES = documentTable<Stable>({
  name: 'stable',
  id: (stable) => stable.policy,
  keys: {
    guard: {
      type: 'text',
      of: (stable) => (isGuardRelease(stable.current) || isGuardRelease(stable.next?.release ?? null) ? 'yes' : null),
    },
  },
  indexes: [['guard']],
})

/** The newest stable head of each policy, without its release. */
export const STABLE_HEADS = documentTable<StableHead>({ name: 'stable_head', id: (head) => head.policy, keys: {} })

/** Signal sent after a commit that moved a stable head. */
export const STABLE_MOVED = 'stable'

/** Timer that reissues a policy's head, unchanged, under its next number. */
export const REISSUE_HEAD = timerKind<{ policy: string }>('head-again')

/**
 * Reissues every stable head under a number above those that readers saw, because readers refuse lower numbers. Schedules one timer per
 * policy, because signing needs a running rollout service. No other process may use the database meanwhile.
 */
export async function advanceHeadCounters({ tx, by, schedule }: CounterAdvance): Promise<void> {
  for (const stable of await tx.documents(STABLES).find({ limit: ALL_COUNTERS })) {
    const { policy } = stable
    await tx.documents(STABLES).put({ ...stable, seq: stable.seq + by })
    await schedule({ id: `head-again:${policy}`, kind: REISSUE_HEAD, keys: [policyKey(policy)], data: { policy }, dueAt: tx.now })
  }
}

const MAX_HISTORY = 20

/** Creates the state of a policy that was never live. `seq`: number before its first head, see `firstNumber`. */
export function newStable(policy: string, seq = 0): Stable {
  return { policy, seq, current: null, history: [], run: null, bundle: [], takenBackWith: [], liveBy: {}, failed: [] }
}

/** Returns the stable state at `now`: a held release is current once its effective time has passed. */
export function asOf(stable: Stable, now: Date): Stable {
  const { next, ...rest } = stable
  if (next === undefined || Date.parse(next.at) > now.getTime()) return stable
  const { release: current, bundle, sinceSeq } = next
  return { ...rest, sinceSeq, sinceSeqBefore: stable.sinceSeq, current, history: appendToHistory(stable.history, stable.current), bundle }
}

/** Returns the stable state of one policy at the time of the transaction. */
export async function stableOf(tx: Transaction, policy: string): Promise<Stable | undefined> {
  const stable = await tx.documents(STABLES).get(policy)
  return stable === undefined ? undefined : asOf(stable, tx.now)
}

/** Returns the stable state, or a new one for a policy that was never live, whose head numbers begin after `firstNumber`. */
export async function stableOrNew(tx: Transaction, policy: string): Promise<Stable> {
  return (await stableOf(tx, policy)) ?? newStable(policy, await firstNumber(tx))
}

/**
 * Makes `release` of `run` current with the next head, or holds it until its effective time. The release that was current or held becomes a
 * rollback target. Here and below, `stable` is the state as of `now`.
 */
export function advance(stable: Stable, release: ReleaseDocument, run: number, bundle: string[], now: Date): Stable {
  const moved = moveTo(stable, release, bundle, now)
  return { ...moved, run, takenBackWith: [], liveBy: { ...moved.liveBy, [release.releaseDigest]: run } }
}

/** Rolls back to a release that was current before, by people's decision. `together`: all policies of the rollback. */
export function rollBackTo(stable: Stable, release: ReleaseDocument, together: readonly string[], now: Date): Stable {
  // Forward again: the reinstated bundle will be rolled back as one.
  const isForward = rolledBackRelease(stable)?.releaseDigest === release.releaseDigest
  const moved = { ...moveTo(stable, release, isForward && together.length > 1 ? [...together] : [], now), run: null }
  return { ...moved, takenBackWith: isForward ? [] : [...new Set([...stable.takenBackWith, ...together])] }
}

/**
 * Reverts a run's current or held release. `release`: release that was live before it, if any. `wasPromoted`: whether other services were
 * notified that the run's release is live. If not, they do not hear of its end, and `release` counts as in force without a break.
 */
export function revertRelease(
  stable: Stable,
  release: ReleaseDocument | null,
  { now, wasPromoted }: { now: Date; wasPromoted: boolean },
): Stable {
  const moved = moveTo({ ...stable, failed: [...stable.failed, newestOf(stable)!.releaseDigest] }, release, [], now)
  const isKept = stable.current?.releaseDigest === moved.current?.releaseDigest
  const period = isKept || wasPromoted ? {} : { sinceSeq: stable.sinceSeqBefore }
  return { ...moved, ...period, run: null, takenBackWith: [] }
}

/** Retires the policy: no release is in force, or held. */
export function withoutRelease(stable: Stable, now: Date): Stable {
  return { ...moveTo(stable, null, [], now), run: null, takenBackWith: [] }
}

/** Reverts the last move, which no config-store accepted, under the next number. Runs that the move ended stay ended. */
export function withMoveReverted(stable: Stable, before: Unannounced['before']): Stable {
  const { next: _held, unannounced: _move, ...rest } = stable
  const restored = new Set([before.current?.releaseDigest, before.next?.release.releaseDigest])
  const history = appendToHistory(stable.history, stable.current).filter(({ releaseDigest }) => !restored.has(releaseDigest))
  const failed = stable.failed.filter((digest) => !restored.has(digest))
  return { ...rest, ...before, seq: stable.seq + 1, history, failed, run: null }
}

/** Returns the newest approved release if people rolled it back: it may become live again. */
export function rolledBackRelease(stable: Stable): ReleaseDocument | undefined {
  const newest = newestApproved(stable)
  const eligible =
    // guard: rollback-not-to-failed
    newest !== undefined && newest.releaseDigest !== newestOf(stable)?.releaseDigest && !stable.failed.includes(newest.releaseDigest)
  return eligible ? newest : undefined
}

/** Returns the release that the last head put in force, or holds until its effective time. */
export function newestOf({ current, next }: Stable): ReleaseDocument | null {
  return next?.release ?? current
}

/** Returns the held release of `before` that `after` drops, if any. */
export function droppedOf(before: Stable, after: Stable): ReleaseDocument | undefined {
  const held = before.next?.release
  const isKept = [after.current, after.next?.release].some((release) => release?.releaseDigest === held?.releaseDigest)
  return isKept ? undefined : held
}

/** Returns the releases that a reversal removes: the newest, and the one in force if a held newest is removed with it. */
export function reversedOf(before: Stable, after: Stable): Pick<ReversedPolicy, 'from' | 'inForce'> | undefined {
  const [newest, { current, next }] = [newestOf(before), before]
  if (newest === null) return undefined
  const isAlsoRemoved = next !== undefined && current !== null && current.releaseDigest !== after.current?.releaseDigest
  return { from: refOf(newest), ...(isAlsoRemoved ? { inForce: refOf(current) } : {}) } // guard: reversed-past-both
}

export function runOf({ liveBy }: Stable, release: ReleaseDocument | null): number | undefined {
  return release === null ? undefined : liveBy[release.releaseDigest]
}

/** Returns the release of the highest epoch ever live or held. Readers refuse older ones, except its fallbacks. */
export function newestApproved({ current, next, history }: Stable): ReleaseDocument | undefined {
  return [...(next === undefined ? [] : [next.release]), ...(current === null ? [] : [current]), ...history].reduce<
    ReleaseDocument | undefined
  >((highest, release) => (highest === undefined || release.releaseEpoch > highest.releaseEpoch ? release : highest), undefined)
}

/** Moves to the next release. The current one and its bundle stay if the next is held, or if only a held one is dropped. */
function moveTo(stable: Stable, release: ReleaseDocument | null, bundle: string[], now: Date): Stable {
  const { next: held, unannounced: _move, ...before } = stable
  const scheduled = release === null ? undefined : upcoming(release, now)
  const current = scheduled === undefined ? release : stable.current
  const isUnchanged = current?.releaseDigest === stable.current?.releaseDigest
  const history = appendToHistory(appendToHistory(stable.history, held?.release ?? null), isUnchanged ? null : stable.current)
  const kept = new Set([current, scheduled?.release, ...history].map((known) => known?.releaseDigest))
  const liveBy = Object.fromEntries(Object.entries(stable.liveBy).filter(([digest]) => kept.has(digest)))
  const failed = stable.failed.filter((digest) => kept.has(digest))
  const seq = stable.seq + 1
  const period = isUnchanged
    ? { sinceSeq: stable.sinceSeq, sinceSeqBefore: stable.sinceSeqBefore, bundle: stable.bundle }
    : { sinceSeq: seq, sinceSeqBefore: stable.sinceSeq, bundle } // guard: period-begins-again
  const moved = { ...before, seq, current, history, liveBy, failed, ...period }
  return scheduled === undefined ? moved : { ...moved, next: { ...scheduled, bundle, sinceSeq: seq } }
}

function appendToHistory(history: ReleaseDocument[], release: ReleaseDocument | null): ReleaseDocument[] {
  if (release === null) return history
  return [...history.filter((known) => known.releaseDigest !== release.releaseDigest), release].slice(-MAX_HISTORY)
}

/** Returns why a signed release was overtaken or executed before, by its epoch and the release it replaces. `seen`: live when signed. */
export function overtakenReason(
  stable: Stable,
  releaseEpoch: number,
  seen: ReleaseRef | null | undefined,
): { reason: 'LIVE_MOVED'; detail: string } | undefined {
  const isSuccessor = (seen?.digest ?? null) === (stable.current?.releaseDigest ?? null)
  const isNewer = releaseEpoch > (newestApproved(stable)?.releaseEpoch ?? 0)
  if (isSuccessor && isNewer) return undefined // guards: signed-rollback-replaces, signed-rollback-once
  return { reason: 'LIVE_MOVED', detail: `${stable.policy} changed to ${stable.current?.version ?? 'no version'} after people signed` }
}

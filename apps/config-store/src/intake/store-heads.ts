import {
  type Envelope,
  groupBy,
  type HeadReceipt,
  HmsError,
  type IssuedHeads,
  MAX_POLICIES_OF_RUN,
  openHeads,
  peekPredicate,
  type PublishedHead,
  type ReceivedEvent,
  sentence,
} from '#libs/contracts'
import { Outbox, policyKey } from '#libs/messaging'
import { Database, type Transaction } from '#libs/persistence'
import { currentTraceparent } from '#libs/platform'
import { MAX_STEP, requireSmallStep, Rosters, Signals } from '#libs/service'
import {
  brokenHeads,
  bundleTags,
  digestOfPayload,
  type HeadPredicate,
  readChange,
  type ReleasePredicate,
  orRefusal,
  SignatureError,
  STABLE_SCOPE,
  type VerifiedHead,
  verifyHead,
} from '#libs/signing'
import { Injectable } from '@nestjs/common'
import { Presence } from '../coverage/presence.js'
import { EndCanaries, leaseAfter } from '../heads/canary-lease.js'
import { VerifiedRows } from '../heads/verified-rows.js'
import { explainLive, recordLive, type StatedChange } from '../heads/live-history.js'
import { documentId, DOCUMENTS, ENVIRONMENT, recordedState, REVISION_WINDOW, REVISIONS, type StoredDocument } from '../heads/head.table.js'
import { inForceSince } from '../heads/in-force-since.js'
import { originOf } from '../heads/origin.js'

/** Limit of `seq`s per document remembered as published: far more than in transit, as leases renew a few times a minute. */
const MAX_ANNOUNCED = 50

/** Head that is newer than `known`, the stored document of its policy and scope. */
interface NewHead {
  verified: VerifiedHead
  known: StoredDocument | undefined
  announcedSeqs: number[]
}

/** Heads of one message. `change`: rollout's reason for issuing them. */
export interface VerifiedHeads {
  heads: VerifiedHead[]
  change?: StatedChange
}

/** Outcome of a head. `change`: digest of the signed change, if it is about the head. */
type HeadOutcome = HeadReceipt & { verified: VerifiedHead; change?: string }

/**
 * Verifies, orders and stores heads of both paths, bus and HTTP. A head with a lower or equal `seq` changes nothing, so the path that loses
 * the race is harmless. All heads of a message become one revision.
 */
@Injectable()
export class StoreHeads {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly outbox: Outbox,
    private readonly signals: Signals,
    private readonly presence: Presence,
    private readonly endCanaries: EndCanaries,
    private readonly rows: VerifiedRows,
  ) {}

  /** Stores heads of the HTTP path. */
  async execute(issued: IssuedHeads): Promise<HeadReceipt> {
    const verified = this.verify(issued)
    return this.database.transaction((tx) => this.store(tx, verified))
  }

  verify(issued: IssuedHeads): VerifiedHeads {
    if (issued.heads.length === 0 || issued.heads.length > MAX_POLICIES_OF_RUN)
      throw new HmsError('HMS_HEAD_COUNT', `A message must contain 1 to ${MAX_POLICIES_OF_RUN} heads.`, { status: 400 })
    requireDistinct(issued)
    const heads = openHeads(issued).map((signed) => orRefused(() => verifyHead(signed, this.rosters.newest)))
    const broken = brokenHeads(heads.map(({ head }) => head))
    if (broken !== undefined) throw new HmsError('HMS_HEAD_BUNDLE', `The bundle is not whole: ${broken}.`, { status: 422 })
    const { change: envelope } = issued
    if (envelope === undefined) return { heads }
    const { predicate } = orRefused(() => readChange(envelope, this.rosters.newest.serviceKeys('rollout')))
    return { heads, change: { envelope, heads: predicate.heads } }
  }

  /** Stores verified heads. `cause`: event that delivered the heads; missing on the HTTP path. */
  async store(tx: Transaction, { heads, change }: VerifiedHeads, cause?: ReceivedEvent): Promise<HeadReceipt> {
    await tx.lock(heads.map(({ head }) => policyKey(head.policy)))
    const fresh: NewHead[] = []
    const superseded: HeadOutcome[] = []
    let heldRevision = 0
    let storedAt: string | undefined
    for (const verified of heads) {
      const { policy, scope, seq } = verified.head
      const known = await this.rows.known(tx, policy, scope)
      const announcedSeqs = [...(known?.announcedSeqs ?? []), seq].slice(-MAX_ANNOUNCED)
      const isOlder = known === undefined ? await this.isSuperseded(tx, verified) : known.seq >= seq
      const isBaseReplaced = !isOlder && (await this.isBaseReplaced(tx, verified.head))
      if (!isOlder && !isBaseReplaced) {
        requireSmallStep(`a head of ${policy}`, known?.seq, seq) // guard: head-numbers-left
        const epoch = Math.max(0, ...[verified.release, verified.next?.release].map((each) => each?.predicate.releaseEpoch ?? 0))
        requireSmallStep(`a release of ${policy}`, epoch > MAX_STEP ? storedEpoch(known) : 0, epoch) // guard: release-numbers-left
        fresh.push({ verified, known, announcedSeqs })
      } else if (known !== undefined || isBaseReplaced) {
        const revision = known?.revision ?? 0
        heldRevision = Math.max(heldRevision, revision)
        if (known?.seq === seq) storedAt = known.storedAt
        if (known?.announcedSeqs.includes(seq) === true) continue
        // The head was overtaken before it arrived; its issuer must not wait for it.
        if (known !== undefined) await tx.documents(DOCUMENTS).put({ ...known, announcedSeqs })
        superseded.push({ verified, revision, applied: false })
      }
    }
    const revision = fresh.length === 0 ? heldRevision : await this.apply(tx, fresh, change, cause)
    // The same heads may have arrived first in a message without the reason.
    if (change !== undefined) await explainLive(tx, change)
    const digest = change && digestOfPayload(change.envelope)
    const stored = fresh.map(({ verified }): HeadOutcome => ({
      verified,
      revision,
      applied: true,
      ...(isExplainedBy(verified, change) ? { change: digest } : {}),
    }))
    await this.publishReceipts(tx, [...superseded, ...stored], cause)
    if (fresh.length > 0) storedAt = tx.now.toISOString()
    return { revision, applied: fresh.length > 0, ...(storedAt && { storedAt }) }
  }

  /** Whether the history has a newer stable head: if so, a head whose row is missing or does not verify must not be stored again. */
  private async isSuperseded(tx: Transaction, { head: { policy, scope, seq } }: VerifiedHead): Promise<boolean> {
    return scope === STABLE_SCOPE && seq < (await this.rows.newestStableSeq(tx, policy))
  }

  /**
   * Whether the stable release has changed since the head that this canary is based on (`baseSeq`), even if it has changed back. No reader
   * would use such a head; readers with the newer release would refuse it and report mixed versions. A canary's last head is still stored.
   */
  private async isBaseReplaced(tx: Transaction, { policy, scope, current, base = null, baseSeq, next }: HeadPredicate): Promise<boolean> {
    if (scope === STABLE_SCOPE || baseSeq === undefined || (current === base && next === undefined)) return false
    const stable = await this.rows.known(tx, policy, STABLE_SCOPE)
    const since = stable && peekPredicate<HeadPredicate>(stable.head).sinceSeq
    return since !== undefined && since > baseSeq // guard: break-glass-not-overtaken-by-a-canary
  }

  private async apply(
    tx: Transaction,
    fresh: readonly NewHead[],
    change: StatedChange | undefined,
    cause?: ReceivedEvent,
  ): Promise<number> {
    const revision = await this.nextRevision(tx)
    const places = fresh.map(({ verified: { head } }) => ({ id: head.policy, scope: head.scope }))
    const bundle = fresh.length > 1 ? { bundle: bundleTags(places) } : {}
    const documents = fresh.map((head) => ({ ...documentOf(head, revision, tx.now), ...changeOf(head, change), ...bundle }))
    for (const [index, { verified, known }] of fresh.entries())
      if (!renews(verified, known) || verified.head.scope === STABLE_SCOPE) await recordLive(tx, documents[index]!, verified)
    await tx.documents(REVISIONS).put({ revision, documents, at: tx.now.toISOString() })
    await tx.documents(REVISIONS).delete(String(revision - REVISION_WINDOW))
    for (const [index, { verified }] of fresh.entries()) {
      const stored = documents[index]!
      await tx.documents(DOCUMENTS).put(stored)
      const key = documentId(stored.id, stored.scope)
      await this.outbox.emit(tx, 'hms.state.recorded.v1', recordedState(stored), { ...eventOptions(verified, cause), key })
      await this.endCanaries.schedule(tx, stored)
    }
    tx.afterCommit(() => this.signals.send('revision'))
    return revision
  }

  /** Publishes one event for all heads of a run and scope, because a waiting stage locks and writes the whole bundle for each event. */
  private async publishReceipts(tx: Transaction, outcomes: readonly HeadOutcome[], cause?: ReceivedEvent): Promise<void> {
    // guard: bundle-announced-once
    for (const group of groupBy(outcomes, ({ verified }) => `${runOf(verified) ?? ''} ${verified.head.scope}`).values()) {
      const heads = group.map(({ verified: { head }, revision, applied, change }): PublishedHead => {
        const { policy, scope, seq, current: release } = head
        const audience = this.presence.audienceOf(head)
        const at = applied ? { storedAt: tx.now.toISOString() } : {}
        return { policy, scope, seq, release, revision, applied, audience, ...(change === undefined ? {} : { change }), ...at }
      })
      const { verified } = group[0]!
      const key = heads.map(({ policy }) => policy).sort()[0]!
      await this.outbox.emit(
        tx,
        'hms.head.published.v1',
        { run: runOf(verified) ?? null, heads },
        { ...eventOptions(verified, cause), key },
      )
    }
  }

  private async nextRevision(tx: Transaction): Promise<number> {
    // The key sorts after every policy, so it is locked last, and only briefly.
    await tx.lock(['revision'])
    const counter = (await tx.documents(ENVIRONMENT).get('environment')) ?? { id: 'environment' as const, revision: 0 }
    await tx.documents(ENVIRONMENT).put({ id: 'environment', revision: counter.revision + 1 })
    return counter.revision + 1
  }
}

/** Returns the highest `releaseEpoch` of the stored current and next release; 0 for none. */
function storedEpoch({ release, next }: Partial<StoredDocument> = {}): number {
  const envelopes = [release, next?.release].filter((each) => each != null)
  return Math.max(0, ...envelopes.map((each) => peekPredicate<Pick<ReleasePredicate, 'releaseEpoch'>>(each).releaseEpoch))
}

/** Throws 400 `HMS_HEAD_TWICE` for equal ids (`policy@scope`). Precedes verification: unsigned data can only cause a refusal. */
function requireDistinct({ heads }: IssuedHeads): void {
  const ids = heads.flatMap(({ head }) => documentIdOf(head) ?? [])
  if (new Set(ids).size < ids.length)
    throw new HmsError('HMS_HEAD_TWICE', 'A message must contain at most one head per policy and scope.', { status: 400 })
}

/** Returns the document id (`policy@scope`) of a head; `undefined` for an invalid head, for which verification reports the reason. */
function documentIdOf(envelope: Envelope): string | undefined {
  try {
    const { policy, scope } = peekPredicate<{ policy?: unknown; scope?: unknown }>(envelope)
    return documentId(String(policy), String(scope))
  } catch {
    return undefined
  }
}

function runOf({ head }: VerifiedHead): number | undefined {
  return head.next?.run ?? head.run
}

function eventOptions(verified: VerifiedHead, cause: ReceivedEvent | undefined) {
  const run = runOf(verified)
  return {
    ...(run === undefined ? {} : { run }),
    ...(cause === undefined ? {} : { attempt: cause.attempt, causationId: cause.id, traceparent: cause.traceparent }),
  }
}

/** Whether the head repeats the current release of the stored document, and so puts no other release in force. */
function renews({ head }: VerifiedHead, known: StoredDocument | undefined): known is StoredDocument {
  return known?.digest === head.current
}

function documentOf({ verified, known, announcedSeqs }: NewHead, revision: number, now: Date): StoredDocument {
  const { head, envelope, release, next } = verified
  const { policy: id, scope, seq, current: digest, run = null } = head
  const leaseUntil = leaseAfter(head, known, now)
  return {
    id,
    scope,
    seq,
    revision,
    digest,
    run,
    announcedSeqs,
    ...(leaseUntil === undefined ? {} : { leaseUntil }),
    version: release?.predicate.policy.version ?? null,
    head: envelope,
    release: release?.envelope ?? null,
    proof: release?.proof ?? null,
    ...originOf(release),
    storedAt: now.toISOString(),
    since: inForceSince(known, digest, now),
    firstRevision: renews(verified, known) ? (known.firstRevision ?? known.revision) : revision,
    traceparent: currentTraceparent() ?? null,
    ...(next === null ? {} : { next: { release: next.release.envelope, proof: next.release.proof }, nextOrigin: originOf(next.release) }),
  }
}

function isExplainedBy({ head }: Pick<VerifiedHead, 'head'>, change: StatedChange | undefined): boolean {
  return head.scope === STABLE_SCOPE && change?.heads.some(({ policy, seq }) => policy === head.policy && seq === head.seq) === true
}

/** Returns a head's signed reason. A renewal, or a head that only schedules another release, keeps the earlier reason. */
function changeOf({ verified, known }: NewHead, change: StatedChange | undefined): Pick<StoredDocument, 'change'> {
  const envelope = renews(verified, known) ? known.change : isExplainedBy(verified, change) ? change?.envelope : undefined
  return envelope === undefined ? {} : { change: envelope }
}

/** Runs a verification and converts its error to 422 with the code of the violated rule: the sender has to fix the document. */
export function orRefused<T>(verify: () => T): T {
  const result = orRefusal(verify)
  if (!(result instanceof SignatureError)) return result
  throw new HmsError(result.code, `${sentence(result.detail)}.`, { status: 422, cause: result })
}

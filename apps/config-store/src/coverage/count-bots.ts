import { command } from '#libs/contracts'
import type { HeldDocument } from '#libs/evaluation'
import { Metrics, exportWait } from '#libs/platform'
import { Concerns } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { DocumentCopy } from '../copy/document-copy.js'
import { Freshness } from '../heads/freshness.js'
import type { StoredChange } from '../copy/changes.js'
import { StoreMetrics } from '../store-metrics.js'
import { StoreTime } from '../store-time.js'
import { Presence } from './presence.js'
import { type BotPresence, policyChecks } from './coverage.js'

/** Limit of revisions kept to measure when bots acknowledge them. */
const MAX_REVISIONS = 1_000
/** Limit of bots shown in the trace of a revision: a fleet would flood it. */
const MAX_TRACED = 20
/** Age in ms of a policy's newest head from which a bot that is behind is a concern: the time that alarm `BotsStale` gives. */
const LATE_MS = 120_000

interface Revision {
  /** Signing time of its newest head by the database's clock, and arrival time by this process's; in ms since 1970. */
  issuedMs: number
  wallMs: number
  traceparent: string | undefined
  traced: number
}

/** Counts this instance's bots by state, reports those that stay behind, and measures the time from a revision to its acknowledgement. */
@Injectable()
export class CountBots implements OnModuleInit {
  /** Newest revisions in the order of arrival. */
  private readonly revisions = new Map<number, Revision>()

  constructor(
    private readonly registry: Metrics,
    private readonly time: StoreTime,
    private readonly copy: DocumentCopy,
    private readonly presence: Presence,
    private readonly freshness: Freshness,
    private readonly metrics: StoreMetrics,
    private readonly serviceConcerns: Concerns,
  ) {}

  onModuleInit(): void {
    this.copy.onChange((change) => this.addRevision(change))
    this.presence.onApplied((before, revision) => this.observeAcknowledgement(before, revision))
    this.registry.beforeCollect(async () => this.metrics.botsLeftBehind.set((await this.presence.leftBehind()).length))
    this.serviceConcerns.add(() => this.concerns)
    this.registry.beforeCollect(() => {
      for (const [state, count] of Object.entries(this.states())) this.metrics.bots.set({ state }, count)
    })
  }

  private get concerns(): string[] {
    const { stale } = this.states(LATE_MS)
    if (stale === 0) return []
    if (this.freshness.isExpired)
      return [`connected bots cannot confirm what is in force: rollout’s freshness statement has expired (next: ${command('doctor')})`]
    return [`${stale} connected ${stale === 1 ? 'bot does' : 'bots do'} not apply what is in force (next: ${command('runs.list')})`]
  }

  /** Counts bots by state in the policies whose heads are older than `minAgeMs`. */
  private states(minAgeMs = Number.NEGATIVE_INFINITY): Record<BotState, number> {
    const now = this.time.nowMs()
    const policies = this.copy.policies().map((id) => ({ id, documents: this.copy.documentsOf(id) }))
    const counted = policies.filter(({ documents }) => documents.every(({ head }) => Date.parse(head.issuedAt) < now - minAgeMs))
    return botStates(counted, this.presence.own(), now, this.freshness.isExpired)
  }

  private addRevision({ issuedMs, frame }: StoredChange): void {
    const { revision, traceparent } = frame.frame
    this.revisions.set(revision, { issuedMs, wallMs: Date.now(), traceparent, traced: 0 })
    const [oldest] = this.revisions.keys()
    if (this.revisions.size > MAX_REVISIONS && oldest !== undefined) this.revisions.delete(oldest)
  }

  private observeAcknowledgement(before: number, number: number): void {
    // The first report after connecting is no measure of the latency of this revision.
    const revision = before > 0 && number > before ? this.revisions.get(number) : undefined
    if (revision === undefined) return
    this.metrics.propagation.observe(Math.max(0, this.time.nowMs() - revision.issuedMs) / 1_000)
    if (revision.traced++ < MAX_TRACED) exportWait(revision.traceparent, { name: 'push and acknowledge', startMs: revision.wallMs })
  }
}

type BotState = 'current' | 'stale' | 'silent'

/** Counts bots: `current` apply all that is in force for them, `stale` are behind or in doubt, `silent` have not reported. Pure. */
function botStates(
  policies: readonly { id: string; documents: readonly HeldDocument[] }[],
  bots: Iterable<BotPresence>,
  now: number,
  inDoubt: boolean,
): Record<BotState, number> {
  const states = { current: 0, stale: 0, silent: 0 }
  const checks = policyChecks(policies)
  for (const bot of bots) {
    if (bot.revision === 0) states.silent++
    else if (!inDoubt && checks.every(({ passes }) => passes(bot, now))) states.current++
    else states.stale++
  }
  return states
}

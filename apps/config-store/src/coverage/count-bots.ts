import { showWait } from '#libs/platform'
import { ServiceRuntime } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { DocumentCopy } from '../copy/document-copy.js'
import type { StoredChange } from '../copy/stored-change.js'
import { StoreMetrics } from '../store-metrics.js'
import { StoreTime } from '../store-time.js'
import { botStates } from './bot-states.js'
import { Presence } from './presence.js'

/** Revisions that a bot may still answer to. */
const MAX_REVISIONS = 1_000
/** Bots whose way is shown in the trace of a revision: a fleet would drown it. */
const MAX_WAYS = 20

interface Revision {
  /** When its newest head was signed, by the database's clock, and when it came here, by this process's; in ms since 1970. */
  issuedMs: number
  wallMs: number
  traceparent: string | undefined
  ways: number
}

/** Tells the metrics how far the bots of this instance are, and how long a revision takes to them. */
@Injectable()
export class CountBots implements OnModuleInit {
  private readonly metrics: StoreMetrics
  /** The newest revisions, as they came here. */
  private readonly revisions = new Map<number, Revision>()

  constructor(
    private readonly runtime: ServiceRuntime,
    private readonly time: StoreTime,
    private readonly copy: DocumentCopy,
    private readonly presence: Presence,
  ) {
    this.metrics = new StoreMetrics(runtime.metrics)
  }

  onModuleInit(): void {
    this.copy.onChange((change) => this.came(change))
    this.presence.onApplied((before, revision) => this.applied(before, revision))
    this.runtime.metrics.beforeCollect(() => {
      const policies = this.copy.policies().map((id) => ({ id, documents: this.copy.documentsOf(id) }))
      const states = botStates(policies, this.presence.own(), this.time.nowMs())
      for (const [state, count] of Object.entries(states)) this.metrics.bots.set({ state }, count)
    })
  }

  private came({ issuedMs, frame }: StoredChange): void {
    const { revision, traceparent } = frame.frame
    this.revisions.set(revision, { issuedMs, wallMs: Date.now(), traceparent, ways: 0 })
    const [oldest] = this.revisions.keys()
    if (this.revisions.size > MAX_REVISIONS && oldest !== undefined) this.revisions.delete(oldest)
  }

  private applied(before: number, number: number): void {
    // A bot that has just connected says what it held before: that was no way of this revision.
    const revision = before > 0 && number > before ? this.revisions.get(number) : undefined
    if (revision === undefined) return
    this.metrics.propagation.observe(Math.max(0, this.time.nowMs() - revision.issuedMs) / 1_000)
    if (revision.ways++ < MAX_WAYS) showWait(revision.traceparent, 'push and acknowledge', revision.wallMs)
  }
}

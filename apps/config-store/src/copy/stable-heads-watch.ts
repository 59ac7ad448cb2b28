import { command } from '#libs/contracts'
import { Clock, Logger, Metrics } from '#libs/platform'
import { Concerns } from '#libs/service'
import { FRESHNESS_EVERY_MS } from '#libs/signing'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { DocumentCopy } from './document-copy.js'
import { Freshness, type FreshnessStatement } from '../heads/freshness.js'

/** Grace period in ms, equal to that of readers: a head and the statement on it arrive by different transports. */
const GRACE_MS = 2 * FRESHNESS_EVERY_MS
const NEXT = command('audit.verify')

/**
 * Compares rollout's freshness statement with the stable heads that this instance serves. The verification of rows does not detect a
 * deleted row or an earlier head that was put back; only the statement on all heads reveals them. Readers are STALE meanwhile.
 */
@Injectable()
export class StableHeadsWatch implements OnModuleInit {
  private differsSinceMs: number | undefined
  private isAlarm = false
  private readonly gauge = this.metrics.gauge(
    'stable_heads_differ',
    '1 if the stable heads that config-store serves have differed from rollout’s freshness statement for longer than readers wait',
  )

  constructor(
    private readonly clock: Clock,
    private readonly log: Logger,
    private readonly metrics: Metrics,
    private readonly serviceConcerns: Concerns,
    private readonly copy: DocumentCopy,
    private readonly freshness: Freshness,
  ) {
    this.gauge.set(0)
  }

  onModuleInit(): void {
    this.freshness.onStatement((statement) => this.compare(statement))
    this.serviceConcerns.add(() =>
      this.isAlarm ? [`the served stable heads differ from rollout’s freshness statement (next: ${NEXT})`] : [],
    )
  }

  private compare({ predicate }: FreshnessStatement): void {
    const nowMs = this.clock.elapsedMs()
    const isSame = !this.copy.isLoaded || this.copy.stableHeads().digest === predicate.stable
    this.differsSinceMs = isSame ? undefined : (this.differsSinceMs ?? nowMs)
    const isOverdue = this.differsSinceMs !== undefined && nowMs - this.differsSinceMs > GRACE_MS
    if (isOverdue === this.isAlarm) return
    this.isAlarm = isOverdue
    this.gauge.set(isOverdue ? 1 : 0)
    const fields = { service: 'config-store', alarm: 'stable_heads_differ', next: NEXT }
    if (isOverdue) this.log.error(fields, 'alarm')
    else this.log.warn(fields, 'alarm over')
  }
}

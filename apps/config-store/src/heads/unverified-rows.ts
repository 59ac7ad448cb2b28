import { action, command, HmsError } from '#libs/contracts'
import { Logger, Metrics } from '#libs/platform'
import { Concerns } from '#libs/service'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { documentId } from './head.table.js'
import type { RowRefusal } from './row-verifier.js'

/** Limit of places named in `/readyz` and in a header. */
const MAX_NAMED = 10

/** Places (`policy@scope`) of `config_store.document` whose row does not verify: they are not served, and raise an alarm. */
@Injectable()
export class UnverifiedRows implements OnModuleInit {
  private readonly refused = new Map<string, RowRefusal>()
  private sorted: readonly string[] = []
  private readonly count = this.metrics.gauge(
    'documents_unverified',
    'Stored documents that fail the checks of a reader, and are not served; 0 in a healthy system',
  )

  constructor(
    private readonly log: Logger,
    private readonly metrics: Metrics,
    private readonly serviceConcerns: Concerns,
  ) {
    this.count.set(0)
  }

  onModuleInit(): void {
    this.serviceConcerns.add(() => this.concerns)
  }

  /** Excluded places (`policy@scope`), sorted. */
  get places(): readonly string[] {
    return this.sorted
  }

  /** First excluded places for a header; `undefined` if there are none. */
  get header(): string | undefined {
    return this.sorted.length === 0 ? undefined : this.sorted.slice(0, MAX_NAMED).join()
  }

  /** Throws 503 `HMS_STORE_UNVERIFIED` if a stored document of the policy does not verify. */
  requireVerified(policy: string): void {
    const refusal = [...this.refused.values()].find((each) => each.policy === policy)
    if (refusal === undefined) return
    const detail = `${describe(refusal)}, so it is not served. What readers hold stays in force.`
    throw new HmsError('HMS_STORE_UNVERIFIED', detail, { status: 503, next: [action('policies.restore', { policy }), action('doctor')] })
  }

  /** Records a refused row. Raises an alarm unless the row is already refused for the same reason. */
  refuse(refusal: RowRefusal): void {
    const place = documentId(refusal.policy, refusal.scope)
    const before = this.refused.get(place)
    this.refused.set(place, refusal)
    this.update()
    if (before?.code === refusal.code && before.detail === refusal.detail) return
    const { code, detail, policy } = refusal
    const { log } = this
    const service = 'config-store'
    log.error({ service, alarm: 'document_unverified', place, code, detail, next: command('policies.restore', { policy }) }, 'alarm')
  }

  /** Clears the refusal of a place whose row verifies now. */
  clear(policy: string, scope: string): void {
    const place = documentId(policy, scope)
    if (!this.refused.delete(place)) return
    this.update()
    this.log.warn({ service: 'config-store', alarm: 'document_unverified', place }, 'alarm over')
  }

  private update(): void {
    this.sorted = [...this.refused.keys()].sort()
    this.count.set(this.refused.size)
  }

  private get concerns(): string[] {
    const refusals = [...this.refused.values()]
    const more = refusals.length - MAX_NAMED
    return [
      ...refusals
        .slice(0, MAX_NAMED)
        .map((refusal) => `${describe(refusal)}; it is not served (next: ${command('policies.restore', { policy: refusal.policy })})`),
      ...(more > 0 ? [`${more} more stored documents do not verify (next: ${command('doctor')})`] : []),
    ]
  }
}

function describe({ policy, scope, code, detail }: RowRefusal): string {
  return `the stored document ${documentId(policy, scope)} does not verify: ${detail} (${code})`
}

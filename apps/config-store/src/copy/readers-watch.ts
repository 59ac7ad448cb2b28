import { command, listed, type ConfigDocument, type Envelope } from '#libs/contracts'
import { describeError, Logger, Metrics } from '#libs/platform'
import { Concerns, Rosters } from '#libs/service'
import { refusalByReaders, STABLE_SCOPE, type Roster } from '#libs/signing'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Injectable, type OnModuleInit } from '@nestjs/common'
import { DocumentCopy } from './document-copy.js'
import { Freshness } from '../heads/freshness.js'

/** Releases judged in one turn of the event loop. */
const RELEASES_OF_A_TURN = 32
/** Limit of policies that the concern in `/readyz` names. */
const MAX_NAMED = 5

/**
 * Judges the live stable releases by the roster in force, after each change of either: a new roster may make readers refuse a release.
 * Readers that have such a release keep it and become STALE; new readers cannot read it.
 */
@Injectable()
export class ReadersWatch implements OnModuleInit {
  private judgedKey = ''
  private judging = false
  /** Newest judgement of each document, by the roster with digest `by`. A change costs the signatures of the changed documents alone. */
  private readonly judged = new WeakMap<ConfigDocument, { by: string; detail: string | undefined }>()
  private refused: readonly { policy: string; version: string; detail: string }[] = []
  private readonly gauge = this.metrics.gauge(
    'releases_refused_by_readers',
    'Policies whose live release readers refuse by the roster in force; 0 in a healthy system',
  )

  constructor(
    private readonly rosters: Rosters,
    private readonly log: Logger,
    private readonly metrics: Metrics,
    private readonly serviceConcerns: Concerns,
    private readonly copy: DocumentCopy,
    private readonly freshness: Freshness,
  ) {
    this.gauge.set(0)
  }

  onModuleInit(): void {
    this.freshness.onStatement(() => void this.judge())
    this.serviceConcerns.add(() => this.concerns)
  }

  /** Returns why readers refuse the live release of this policy; `undefined` if they accept it. */
  refusalOf(policy: string): { version: string; detail: string } | undefined {
    const found = this.refused.find((each) => each.policy === policy)
    return found === undefined ? undefined : { version: found.version, detail: found.detail }
  }

  private async judge(): Promise<void> {
    const key = `${this.rosters.newest.digest} ${this.copy.isLoaded ? this.copy.stableHeads().digest : ''}`
    if (this.judging || !this.copy.isLoaded || key === this.judgedKey) return
    this.judging = true
    try {
      this.report(await this.refusedNow())
      this.judgedKey = key
    } catch (error) {
      this.log.debug({ error: describeError(error) }, 'live releases could not be judged')
    } finally {
      this.judging = false
    }
  }

  private async refusedNow(): Promise<{ policy: string; version: string; detail: string }[]> {
    const roster = this.rosters.newest
    const refused: { policy: string; version: string; detail: string }[] = []
    for (const [index, policy] of this.copy.policies().entries()) {
      if (index % RELEASES_OF_A_TURN === RELEASES_OF_A_TURN - 1) await nextTurn()
      const stable = this.copy.documentsOf(policy).find(({ document }) => document.scope === STABLE_SCOPE)?.document
      if (stable?.release == null) continue
      const detail = this.refusalOfDocument(stable, stable.release, roster)
      if (detail !== undefined) refused.push({ policy, version: stable.version ?? '', detail })
    }
    return refused
  }

  private refusalOfDocument(document: ConfigDocument, envelope: Envelope, roster: Roster): string | undefined {
    const known = this.judged.get(document)
    if (known?.by === roster.digest) return known.detail
    const detail = refusalByReaders({ envelope, proof: document.proof ?? undefined }, roster)?.detail
    this.judged.set(document, { by: roster.digest, detail })
    return detail
  }

  private report(refused: ReadersWatch['refused']): void {
    const names = (list: ReadersWatch['refused']): string => list.map(({ policy }) => policy).join()
    const isNews = names(refused) !== names(this.refused)
    this.refused = refused
    this.gauge.set(refused.length)
    if (!isNews) return
    const fields = { service: 'config-store', alarm: 'releases_refused_by_readers', refused: refused.slice(0, MAX_NAMED) }
    if (refused.length > 0) this.log.error(fields, 'alarm')
    else this.log.warn({ service: 'config-store', alarm: 'releases_refused_by_readers' }, 'alarm over')
  }

  private get concerns(): string[] {
    const [first] = this.refused
    if (first === undefined) return []
    const releases = this.refused.map(({ policy, version, detail }) => `${policy}@${version} (${detail})`)
    const next = command('rollback', { policy: first.policy, version: first.version })
    return [`readers refuse releases by the roster in force: ${listed(releases, MAX_NAMED)} (next: ${next})`]
  }
}

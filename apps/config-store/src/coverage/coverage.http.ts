import { type CoverageView, type LeftBotView } from '#libs/contracts'
import { Clock, Slots } from '#libs/platform'
import { Controller, Get, Injectable, Query } from '@nestjs/common'
import { DocumentCopy, policyNotFound } from '../copy/document-copy.js'
import { ReadersWatch } from '../copy/readers-watch.js'
import { StoreTime } from '../store-time.js'
import { botsOf, coverageView } from './coverage.js'
import { CoverageQueryDto } from './coverage.dto.js'
import { leftOf } from './left-bots.js'
import { Presence } from './presence.js'
import { seenOf } from './seen-readers.js'
import { Database } from '#libs/persistence'
import { LIVE_RELEASES } from '../heads/live-history.js'

/** Limit of digests per lookup, because bots may name any digest; the remaining ones are looked up next time. */
const MAX_LOOKED_UP = 20
const MAX_KNOWN = 1_000

/** Maps the release digest that a bot acknowledged to its version. A release that was never in force here has no version. */
@Injectable()
export class ReleaseVersions {
  private readonly known = new Map<string, string | null>()

  constructor(private readonly database: Database) {}

  /** Returns the view with the versions of its digests. */
  async withVersions(view: CoverageView, left: LeftBotView[]): Promise<CoverageView> {
    const digests = new Set([...view.versions, ...left].flatMap(({ digest }) => digest ?? []))
    const unknown = [...digests].filter((digest) => !this.known.has(digest))
    if (unknown.length > 0) await this.loadVersions(unknown.slice(0, MAX_LOOKED_UP))
    const named = <T extends { digest: string | null }>(one: T): T & { version: string | null } => ({
      ...one,
      version: one.digest === null ? null : (this.known.get(one.digest) ?? null),
    })
    const { versions, lagging, bots, cells } = view
    const listed = { ...(bots && { bots: bots.map(named) }), ...(cells && { cells: cells.map(named) }) }
    return { ...view, ...listed, versions: versions.map(named), lagging: lagging.map(named), left: left.map(named) }
  }

  private async loadVersions(digests: readonly string[]): Promise<void> {
    if (this.known.size + digests.length > MAX_KNOWN) this.known.clear()
    await this.database.autocommit(async (tx) => {
      for (const digest of digests) this.known.set(digest, (await tx.documents(LIVE_RELEASES).get(digest))?.version ?? null)
    })
  }
}

const MAX_WAITING = 1_000

@Controller('v1/coverage')
export class CoverageController {
  private readonly slots = new Slots(MAX_WAITING, 'calls that wait for bots')

  constructor(
    private readonly clock: Clock,
    private readonly time: StoreTime,
    private readonly copy: DocumentCopy,
    private readonly presence: Presence,
    private readonly versions: ReleaseVersions,
    private readonly readers: ReadersWatch,
  ) {}

  /**
   * Returns the coverage of a policy. With `revision` and `waitMs` the response is sent once no bot lags behind that revision, or after the
   * wait. With `bots=all` it lists every connected bot, or counts by region and release; `named` selects bots by a part of their name.
   */
  @Get()
  async show(@Query() { policy, revision, waitMs, bots, named }: CoverageQueryDto): Promise<CoverageView> {
    await this.copy.waitForRevision(revision)
    if (this.copy.documentsOf(policy).length === 0) {
      throw policyNotFound(`No policy ${policy} is stored.`)
    }
    const view = revision === undefined || waitMs === undefined ? this.view(policy) : await this.whenCurrent(policy, revision, waitMs)
    const left = leftOf(policy, await this.presence.leftBehind())
    const all = bots === undefined ? {} : botsOf(policy, this.copy.documentsOf(policy), this.presence.bots(), this.time.nowMs(), named)
    return this.versions.withVersions({ ...view, ...all }, left)
  }

  private view(policy: string): CoverageView {
    const view = coverageView(policy, this.copy.documentsOf(policy), this.presence.bots(), this.time.nowMs())
    const refused = this.readers.refusalOf(policy)
    return { ...view, seen: seenOf(policy, this.presence.readers()), ...(refused === undefined ? {} : { refused }) }
  }

  private whenCurrent(policy: string, revision: number, waitMs: number): Promise<CoverageView> {
    const releaseSlot = this.slots.take()
    return new Promise((resolve) => {
      const respondIfCurrent = (isTimedOut: boolean): void => {
        const view = this.view(policy)
        if (!isTimedOut && (view.lagging.length > 0 || this.copy.revision < revision)) return
        for (const stop of stops) stop()
        resolve(view)
      }
      // Waits even without any bot, because the requested revision may arrive after the request.
      const stops = [
        releaseSlot,
        this.clock.after(waitMs, () => respondIfCurrent(true)),
        this.presence.onChangeSoon(() => respondIfCurrent(false)),
        this.copy.onChange(() => respondIfCurrent(false)),
      ]
      respondIfCurrent(false)
    })
  }
}

import { action, HmsError, type CoverageView } from '#libs/contracts'
import { Clock, Places } from '#libs/platform'
import { Controller, Get, Query } from '@nestjs/common'
import { DocumentCopy } from '../copy/document-copy.js'
import { ReadersWatch } from '../copy/readers-watch.js'
import { StoreTime } from '../store-time.js'
import { coverageView } from './coverage.js'
import { CoverageQueryDto } from './coverage.dto.js'
import { leftOf } from './left-bots.js'
import { Presence } from './presence.js'
import { ReleaseVersions } from '../history/release-versions.js'
import { seenOf } from './seen-readers.js'

const MAX_WAITING = 1_000

@Controller('v1/coverage')
export class CoverageController {
  private readonly places = new Places(MAX_WAITING, 'calls that wait for bots')

  constructor(
    private readonly clock: Clock,
    private readonly time: StoreTime,
    private readonly copy: DocumentCopy,
    private readonly presence: Presence,
    private readonly versions: ReleaseVersions,
    private readonly readers: ReadersWatch,
  ) {}

  /** With `revision` and `waitMs` the response is sent once no bot lags behind that revision, or after the wait. */
  @Get()
  async show(@Query() { policy, revision, waitMs }: CoverageQueryDto): Promise<CoverageView> {
    await this.copy.reach(revision)
    if (this.copy.documentsOf(policy).length === 0) {
      const next = [action('approve')]
      throw new HmsError('HMS_POLICY_NOT_FOUND', `No policy ${policy} is stored.`, { status: 404, next })
    }
    const view = revision === undefined || waitMs === undefined ? this.view(policy) : await this.whenCurrent(policy, revision, waitMs)
    const left = leftOf(policy, await this.presence.leftBehind())
    return this.versions.fill(view, left)
  }

  private view(policy: string): CoverageView {
    const view = coverageView(policy, this.copy.documentsOf(policy), this.presence.bots(), this.time.nowMs())
    const refused = this.readers.refusalOf(policy)
    return { ...view, seen: seenOf(policy, this.presence.readers()), ...(refused === undefined ? {} : { refused }) }
  }

  private whenCurrent(policy: string, revision: number, waitMs: number): Promise<CoverageView> {
    const leave = this.places.take()
    return new Promise((resolve) => {
      const look = (over: boolean): void => {
        const view = this.view(policy)
        if (!over && (view.lagging.length > 0 || this.copy.revision < revision)) return
        for (const stop of stops) stop()
        resolve(view)
      }
      // Also without any bot: the revision asked for may come after the question.
      const stops = [
        leave,
        this.clock.after(waitMs, () => look(true)),
        this.presence.watch(() => look(false)),
        this.copy.onChange(() => look(false)),
      ]
      look(false)
    })
  }
}

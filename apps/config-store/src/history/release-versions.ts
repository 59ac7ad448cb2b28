import type { CoverageView, LeftBotView } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { Injectable } from '@nestjs/common'
import { LIVE_RELEASES } from '../heads/live-history.js'

/** Limit of digests per lookup, because bots may name any digest; the rest is looked up next time. */
const MAX_LOOKED_UP = 20
const MAX_KNOWN = 1_000

/** Maps the release digest that a bot acknowledged to its version. A release that was never in force here has none. */
@Injectable()
export class ReleaseVersions {
  private readonly known = new Map<string, string | null>()

  constructor(private readonly database: Database) {}

  /** Returns the view with the versions of its digests. */
  async fill(view: CoverageView, left: LeftBotView[]): Promise<CoverageView> {
    const digests = new Set([...view.versions, ...left].flatMap(({ digest }) => digest ?? []))
    const unknown = [...digests].filter((digest) => !this.known.has(digest))
    if (unknown.length > 0) await this.look(unknown.slice(0, MAX_LOOKED_UP))
    const named = <T extends { digest: string | null }>(one: T): T & { version: string | null } => ({
      ...one,
      version: one.digest === null ? null : (this.known.get(one.digest) ?? null),
    })
    return { ...view, versions: view.versions.map(named), lagging: view.lagging.map(named), left: left.map(named) }
  }

  private async look(digests: readonly string[]): Promise<void> {
    if (this.known.size + digests.length > MAX_KNOWN) this.known.clear()
    await this.database.autocommit(async (tx) => {
      for (const digest of digests) this.known.set(digest, (await tx.documents(LIVE_RELEASES).get(digest))?.version ?? null)
    })
  }
}

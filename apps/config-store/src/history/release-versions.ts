import type { CoverageView } from '#libs/contracts'
import { ServiceRuntime } from '#libs/service'
import { Injectable } from '@nestjs/common'
import { LIVE_RELEASES } from '../heads/live-history.js'

/** Bots may name any digest. What is not asked for now is asked for at the next look. */
const MAX_LOOKED_UP = 20
const MAX_KNOWN = 1_000

/** Which version a bot runs, by the release digest that it acknowledged. What was never in force here has none. */
@Injectable()
export class ReleaseVersions {
  private readonly known = new Map<string, string | null>()

  constructor(private readonly runtime: ServiceRuntime) {}

  /** The view with the versions of its digests. */
  async fill(view: CoverageView): Promise<CoverageView> {
    const unknown = view.versions.flatMap(({ digest }) => (digest === null || this.known.has(digest) ? [] : [digest]))
    if (unknown.length > 0) await this.look(unknown.slice(0, MAX_LOOKED_UP))
    const named = <T extends { digest: string | null }>(one: T): T & { version: string | null } => ({
      ...one,
      version: one.digest === null ? null : (this.known.get(one.digest) ?? null),
    })
    return { ...view, versions: view.versions.map(named), lagging: view.lagging.map(named) }
  }

  private async look(digests: readonly string[]): Promise<void> {
    if (this.known.size + digests.length > MAX_KNOWN) this.known.clear()
    await this.runtime.database.autocommit(async (tx) => {
      for (const digest of digests) this.known.set(digest, (await tx.documents(LIVE_RELEASES).get(digest))?.version ?? null)
    })
  }
}

import { HmsError, type LiveRecord } from '#libs/contracts'
import { describeError } from '#libs/platform'
import { CONFIG_STORE_URLS, PeerReads } from '#libs/service'
import { Inject, Injectable } from '@nestjs/common'

/** A page ends after 4 MiB, but never within the heads of a bundle. */
const BOUNDS = { maxBytes: 64 * 1024 * 1024, timeoutMs: 10_000 }

/** Reads the history of heads from config-store. Whoever checks an export verifies it. */
@Injectable()
export class LiveHistory {
  constructor(
    private readonly peers: PeerReads,
    @Inject(CONFIG_STORE_URLS) private readonly configStoreUrls: readonly string[],
  ) {}

  /** Returns the heads stored after a time. Throws 503 `HMS_EXPORT_HISTORY` if no config-store returns them. */
  async page({ after, limit }: { after: string | undefined; limit: number }): Promise<LiveRecord[]> {
    const query = new URLSearchParams({ limit: String(limit), ...(after === undefined ? {} : { after }) })
    let failure = 'none is configured (HMS_CONFIG_STORE_URLS)'
    for (const url of this.configStoreUrls) {
      try {
        return await this.peers.get(url, `/v1/history?${query}`, BOUNDS)
      } catch (error) {
        failure = describeError(error)
      }
    }
    throw new HmsError('HMS_EXPORT_HISTORY', `No config-store returns its history: ${failure}.`, { status: 503, retryable: true })
  }
}

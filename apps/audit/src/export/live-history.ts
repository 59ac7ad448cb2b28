import { HmsError, readText, type LiveRecord } from '#libs/contracts'
import { Database } from '#libs/persistence'
import { describeError } from '#libs/platform'
import { CONFIG_STORE_URLS, Rosters } from '#libs/service'
import { Signer, signRequest } from '#libs/signing'
import { Inject, Injectable } from '@nestjs/common'

const TIMEOUT_MS = 10_000
/** A page ends after 4 MiB, but never within the heads of a bundle. */
const MAX_PAGE_BYTES = 64 * 1024 * 1024

/** Reads the history of heads from config-store, signed with audit's key. Its content is unverified: whoever checks an export verifies it. */
@Injectable()
export class LiveHistory {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly signer: Signer,
    @Inject(CONFIG_STORE_URLS) private readonly configStoreUrls: readonly string[],
  ) {}

  /** Returns the heads stored after a time. Throws 503 `HMS_EXPORT_HISTORY` if no config-store returns them. */
  async page({ after, limit }: { after: string | undefined; limit: number }): Promise<LiveRecord[]> {
    const query = new URLSearchParams({ limit: String(limit), ...(after === undefined ? {} : { after }) })
    let failure = 'none is configured (HMS_CONFIG_STORE_URLS)'
    for (const url of this.configStoreUrls) {
      try {
        return await this.read(url, `/v1/history?${query}`)
      } catch (error) {
        failure = describeError(error)
      }
    }
    throw new HmsError('HMS_EXPORT_HISTORY', `No config-store returns its history: ${failure}.`, { status: 503, retryable: true })
  }

  private async read(url: string, path: string): Promise<LiveRecord[]> {
    const at = await this.database.transaction(async (tx) => tx.now)
    const request = { audience: this.rosters.newest.installation, method: 'GET', path, body: Buffer.alloc(0), at }
    const response = await fetch(url + path, {
      headers: { authorization: await signRequest(this.signer, request) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      redirect: 'error',
    })
    const body = await readText(response.body, MAX_PAGE_BYTES)
    if (!response.ok) throw new Error(`config-store returned status ${response.status}`)
    return JSON.parse(body) as LiveRecord[]
  }
}

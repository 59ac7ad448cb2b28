import { readText } from '#libs/contracts'
import type { Database } from '#libs/persistence'
import { signRequest, type Signer } from '#libs/signing'
import type { Rosters } from '../rosters/rosters.js'

interface ReadBounds {
  maxBytes: number
  timeoutMs: number
}

/** Reads from other services of this installation, with requests that this service's key signs. The content is unverified. */
export class PeerReads {
  constructor(
    private readonly database: Database,
    private readonly rosters: Rosters,
    private readonly signer: Signer,
  ) {}

  /** Returns the JSON of a successful response; throws for any other. */
  async get<T>(url: string, path: string, { maxBytes, timeoutMs }: ReadBounds): Promise<T> {
    const at = await this.database.transaction(async (tx) => tx.now)
    const request = { audience: this.rosters.newest.installation, method: 'GET', path, body: Buffer.alloc(0), at }
    const response = await fetch(url + path, {
      headers: { authorization: await signRequest(this.signer, request) },
      signal: AbortSignal.timeout(timeoutMs),
      redirect: 'error',
    })
    const body = await readText(response.body, maxBytes)
    if (!response.ok) throw new Error(`${url} returned status ${response.status}`)
    return JSON.parse(body) as T
  }
}

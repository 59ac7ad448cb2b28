import { readText } from '#libs/contracts'
import type { NoteKey } from '#libs/signing'
import type { WitnessResponse, WitnessLink } from './witness-link.js'

const TIMEOUT_MS = 5_000
/** Size limit of a response: signature lines, a size, or a checkpoint. */
const MAX_RESPONSE_BYTES = 16 * 1024
const STATUSES: readonly number[] = [200, 400, 403, 404, 409, 422]

/** Link to a witness over HTTP. Rejects a call during another, because a call queued behind a hanging one would be outdated when sent. */
export class HttpWitness implements WitnessLink {
  private isBusy = false

  /** `url`: the submission prefix, to which `/add-checkpoint` is appended. */
  constructor(
    readonly key: NoteKey,
    private readonly url: string,
    private readonly timeoutMs = TIMEOUT_MS,
  ) {}

  async addCheckpoint(text: string): Promise<WitnessResponse> {
    const { response, body } = await this.call('/add-checkpoint', {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: text,
    })
    return responseOf(response, body)
  }

  async newestCheckpoint(origin: string): Promise<string | undefined> {
    const { response, body } = await this.call(`/checkpoint?origin=${encodeURIComponent(origin)}`, {})
    return response.status === 200 ? body : undefined
  }

  private async call(path: string, request: RequestInit): Promise<{ response: Response; body: string }> {
    if (this.isBusy) throw new Error(`${this.url} has not responded to the previous call`)
    this.isBusy = true
    try {
      const response = await fetch(`${this.url}${path}`, { ...request, redirect: 'error', signal: AbortSignal.timeout(this.timeoutMs) })
      return { response, body: await readText(response.body, MAX_RESPONSE_BYTES) }
    } finally {
      this.isBusy = false
    }
  }
}

/** Reads the response. Accepts a 409 only with the content type of a size, because a proxy may return 409 too. */
function responseOf({ status, headers }: Response, body: string): WitnessResponse {
  const isExpected = STATUSES.includes(status) && (status !== 409 || headers.get('content-type') === 'text/x.tlog.size')
  if (!isExpected) throw new Error(`it responded with status ${status}`)
  return { status: status as WitnessResponse['status'], body }
}

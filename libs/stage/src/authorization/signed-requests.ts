import { HmsError } from '#libs/contracts'
import { SignatureError, verifyRequest, type Roster, type SignableRequest } from '#libs/signing'

export interface Actor {
  id: string
  name: string
  kind: 'person' | 'operator' | 'token'
  /** The only region that a key speaks for, where it names one. */
  region?: string
}

/** A signed request counts once and only around its time; what is remembered is bounded by that window. */
const WINDOW_MS = 60_000
const MAX_REMEMBERED = 10_000

/** `Authorization: HMS-Statement …`: a request that a person or the operator of the roster signed. */
export class SignedRequests {
  private readonly seen = new Map<string, number>()

  constructor(
    private readonly roster: () => Roster,
    /** The database's time: whoever signed it has the right time or not, and this process's own clock has no say in that. */
    private readonly now: () => Promise<Date>,
  ) {}

  async actorOf(header: string, request: SignableRequest): Promise<Actor> {
    const roster = this.roster()
    try {
      const { keyid, predicate } = verifyRequest(header, request, roster)
      this.requireFresh(predicate.nonce, Date.parse(predicate.at), (await this.now()).getTime())
      const principal = roster.principalOfKey(keyid)
      if (principal !== undefined && principal.kind !== 'service') return { id: principal.id, name: principal.name, kind: principal.kind }
      throw new HmsError('HMS_AUTH_NOT_ALLOWED', 'This key may not do that.', { status: 403 })
    } catch (error) {
      if (error instanceof SignatureError) throw new HmsError('HMS_AUTH_INVALID', `The request's signature does not count: ${error.message}.`, { status: 401, cause: error })
      throw error
    }
  }

  private requireFresh(nonce: string, atMs: number, nowMs: number): void {
    if (Math.abs(nowMs - atMs) > WINDOW_MS) {
      throw new HmsError('HMS_AUTH_EXPIRED', 'The request was signed too long ago, or the clocks of its signer and of the database differ by more than a minute.', { status: 401 })
    }
    if (this.seen.has(nonce)) throw new HmsError('HMS_AUTH_REPLAYED', 'This signed request was used before.', { status: 401 })
    for (const [old, at] of this.seen) {
      if (nowMs - at <= 2 * WINDOW_MS && this.seen.size < MAX_REMEMBERED) break
      this.seen.delete(old)
    }
    this.seen.set(nonce, nowMs)
  }
}

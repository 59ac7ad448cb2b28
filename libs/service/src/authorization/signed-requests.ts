import { HmsError } from '#libs/contracts'
import type { Database } from '#libs/persistence'
import { SignatureError, verifyRequest, type RequestPredicate, type Roster, type SignableRequest } from '#libs/signing'
import { spendNonce } from './request-nonce.table.js'

export interface Actor {
  id: string
  name: string
  kind: 'person' | 'operator' | 'token'
  /** The only region that a key speaks for, where it names one. */
  region?: string
}

/** A signed request counts once and only around its time. */
const WINDOW_MS = 60_000

/** `Authorization: HMS-Statement …`: a request that a person or the operator of the roster signed. */
export class SignedRequests {
  constructor(
    private readonly roster: () => Roster,
    /** That of the service which answers this path: what its instances share. Its time counts, not this process's. */
    private readonly databaseFor: (path: string) => Database,
  ) {}

  async actorOf(header: string, request: SignableRequest): Promise<Actor> {
    const roster = this.roster()
    try {
      const { keyid, predicate } = verifyRequest(header, request, roster)
      requireAudience(predicate, roster)
      await this.spend(request.path, predicate)
      const principal = roster.principalOfKey(keyid)
      if (principal !== undefined && principal.kind !== 'service') return { id: principal.id, name: principal.name, kind: principal.kind }
      throw new HmsError('HMS_AUTH_NOT_ALLOWED', 'This key may not do that.', { status: 403 })
    } catch (error) {
      if (error instanceof SignatureError)
        throw new HmsError('HMS_AUTH_INVALID', `The request's signature does not count: ${error.message}.`, { status: 401, cause: error })
      throw error
    }
  }

  /** Committed before the request does anything: of two instances that get the same one at once, one goes on. */
  private spend(path: string, { nonce, at }: RequestPredicate): Promise<void> {
    return this.databaseFor(path).transaction(async (tx) => {
      if (Math.abs(tx.now.getTime() - Date.parse(at)) > WINDOW_MS) {
        throw new HmsError(
          'HMS_AUTH_EXPIRED',
          'The request was signed too long ago, or the clocks of its signer and of the database differ by more than a minute.',
          { status: 401 },
        )
      }
      const fresh = await spendNonce(tx, nonce, new Date(tx.now.getTime() + 2 * WINDOW_MS))
      if (!fresh) throw new HmsError('HMS_AUTH_REPLAYED', 'This signed request was used before.', { status: 401 })
    })
  }
}

function requireAudience({ audience }: RequestPredicate, { installation }: Roster): void {
  if (audience === installation) return
  throw new HmsError(
    'HMS_AUTH_AUDIENCE',
    `The request was signed for another installation (${audience}); this one is ${installation}. Set HMS_ROSTER to the roster of this one.`,
    {
      status: 401,
      next: ['hms-svc roster show', 'hms-svc help environment'],
    },
  )
}

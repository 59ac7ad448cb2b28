import { action, HmsError, type ServiceName } from '#libs/contracts'
import type { Database } from '#libs/persistence'
import {
  type RequestPredicate,
  requireSignedBody,
  type Roster,
  type SignableRequest,
  orRefusal,
  SignatureError,
  type SignedRequestHead,
  verifyRequestHead,
} from '#libs/signing'
import { spendNonce } from './request-nonce.table.js'

export interface Actor {
  id: string
  name: string
  kind: 'person' | 'operator' | 'token' | 'service'
  /** Region that an API key is limited to; absent if the key is limited to none. */
  region?: string
  /** Set for a key without scope `read` or `operate`, such as a bot's or partner's: it reads values, but no internal reasons of changes. */
  valuesOnly?: true
}

/** Validity of a signed request before and after its time. A request is accepted once. */
export const WINDOW_MS = 60_000

/** Verifies `Authorization: HMS-Statement …`: requests signed by a person or the operator of the roster, or by the service of a route. */
export class SignedRequests {
  constructor(
    private readonly roster: () => Roster,
    /** Returns the database of the service that serves a path, shared by its instances. Its clock is used, not this process's. */
    private readonly databaseFor: (path: string) => Database,
  ) {}

  /** Verifies the header before a body, without storing the nonce. `service` may sign too. Throws 401 `HMS_AUTH_INVALID`, `_AUDIENCE`. */
  headOf(header: string, request: Omit<SignableRequest, 'body'>, service?: ServiceName): SignedRequestHead {
    const roster = this.roster()
    const head = asAuthError(() => verifyRequestHead(header, request, roster, service))
    requireAudience(head.predicate, roster)
    return head
  }

  /** Verifies the whole request and returns its signer. `service`: as for `headOf`. `head`: its earlier result for this request. */
  async actorOf(
    header: string,
    request: SignableRequest,
    service?: ServiceName,
    head = this.headOf(header, request, service),
  ): Promise<Actor> {
    asAuthError(() => requireSignedBody(head, request.body))
    await this.spend(request.path, head.predicate)
    const roster = this.roster()
    // A body may take a minute to arrive, and a roster may revoke the key meanwhile.
    const principal = roster.isLive(head.keyid, head.predicate.at) ? roster.principalOfKey(head.keyid) : undefined
    const isByService = service !== undefined && roster.serviceKeys(service).has(head.keyid)
    if (principal !== undefined && (principal.kind !== 'service' || isByService))
      return { id: principal.id, name: principal.name, kind: principal.kind }
    throw new HmsError('HMS_AUTH_NOT_ALLOWED', 'This key is not allowed to do this.', { status: 403 })
  }

  /** Stores the nonce, committed before the request takes effect: of two instances that receive a request concurrently, one continues. */
  private spend(path: string, { nonce, at }: RequestPredicate): Promise<void> {
    return this.databaseFor(path).transaction(async (tx) => {
      if (Math.abs(tx.now.getTime() - Date.parse(at)) > WINDOW_MS) {
        const detail = 'The request was signed too long ago, or the clocks of its signer and of the database differ by more than a minute.'
        throw new HmsError('HMS_AUTH_EXPIRED', detail, { status: 401 })
      }
      const fresh = await spendNonce(tx, nonce, new Date(tx.now.getTime() + 2 * WINDOW_MS))
      if (!fresh) throw new HmsError('HMS_AUTH_REPLAYED', 'This signed request was used before.', { status: 401 })
    })
  }
}

function asAuthError<T>(verify: () => T): T {
  const result = orRefusal(verify)
  if (!(result instanceof SignatureError)) return result
  throw new HmsError('HMS_AUTH_INVALID', `The request's signature is not accepted: ${result.message}.`, { status: 401, cause: result })
}

function requireAudience({ audience }: RequestPredicate, { installation }: Roster): void {
  if (audience === installation) return
  throw new HmsError(
    'HMS_AUTH_AUDIENCE',
    `The request was signed for another installation (${audience}); this one is ${installation}. Set HMS_ROSTER to the roster of this one.`,
    { status: 401, next: [action('roster.show'), action('help.environment')] },
  )
}

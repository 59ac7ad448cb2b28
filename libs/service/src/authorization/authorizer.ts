import { action, HmsError, type ServiceName, type TokenRecord } from '#libs/contracts'
import type { Profile } from '#libs/process'
import type { Database } from '#libs/persistence'
import { LOOPBACK_ADDRESS, type Clock, type LimitedKey } from '#libs/platform'
import { type AddressUse, requireScope, type Need, type Roster, type SignedRequestHead } from '#libs/signing'
import type { IncomingHttpHeaders } from 'node:http'
import { SignedRequests, WINDOW_MS, type Actor } from './signed-requests.js'
import { TokenBook } from './token-book.js'

/** Required access. `dev`: in profile dev, access is open, open without a key, open on loopback, or required as in production (`asked`). */
export interface AccessNeed {
  what: Need | 'statement'
  dev: 'open' | 'keyless' | 'loopback' | 'asked'
  /** Resource that a stream key in the query (`key`) opens if there is no `authorization` header. Such a stream contains no values. */
  byQuery?: AddressUse
  /** Service whose signed requests are accepted too. */
  byService?: ServiceName
}

/** A request whose body has not arrived yet. */
export interface RequestHead {
  method: string
  /** Path with query, as sent. */
  url: string
  headers: IncomingHttpHeaders
  peer: string | undefined
  /** Object that identifies the request, so that a signature verified at its head is not verified again. */
  raw?: object
}

/** The identified caller, if access was required. `token`: id of the key whose revocation ends an opened stream. */
export interface Grant {
  actor?: Actor
  token?: string
}

const BEARER = /^Bearer +(\S+)$/i

/** Authorizes callers: signed requests and API keys, for routes and for the stream. The only place that decides. */
export class Authorizer {
  private readonly signed = new SignedRequests(this.roster, this.databaseFor)
  private readonly heads = new WeakMap<object, SignedRequestHead>()

  constructor(
    private readonly profile: Profile,
    private readonly roster: () => Roster,
    private readonly clock: Clock,
    private readonly databaseFor: (path: string) => Database,
    readonly tokens = new TokenBook(clock),
  ) {}

  /** Identifies a caller for rate limits: a valid API key, or a person's key that recently signed. `undefined` if forged or replayed. */
  keyOf(head: RequestHead): LimitedKey | undefined {
    const { authorization } = head.headers
    if (authorization === undefined) return undefined
    const bearer = BEARER.exec(authorization)?.[1]
    if (bearer !== undefined) {
      const id = this.tokens.valid(bearer)?.id
      return id === undefined ? undefined : { id, isSigned: false }
    }
    try {
      const { keyid, predicate } = this.signedHead(authorization, head)
      const isLate = Math.abs(this.clock.now().getTime() - Date.parse(predicate.at)) > WINDOW_MS
      return isLate ? undefined : { id: keyid, isSigned: true }
    } catch {
      return undefined
    }
  }

  /** Throws those errors of `admit` that need no body, before the body is stored. `admit` also checks a key's bot, signed body, nonce. */
  admitHead(head: RequestHead, { what, dev, byService }: AccessNeed): void {
    const header = head.headers.authorization
    const grant = this.grantWithoutSignature(header, typeof what === 'object' ? 'bot' : what, this.isOpen(head, dev))
    if (grant === undefined) this.signedHead(header!, head, byService)
  }

  /** Identifies and authorizes the caller. Rejects with 401 `HMS_AUTH_…` or 403. An invalid key is refused even if none is required. */
  async admit(request: RequestHead & { body: Buffer }, { what, dev, byQuery, byService }: AccessNeed): Promise<Grant> {
    const header = request.headers.authorization
    const streamKey = byQuery !== undefined && header === undefined ? new URLSearchParams(request.url.split('?')[1] ?? '').get('key') : null
    if (streamKey !== null) {
      const record = this.tokens.requireStreamKey(streamKey, byQuery!)
      requireScope(record.scopes, what as Need) // guard: calendar-needs-read
      return grantOf(record)
    }
    const grant = this.grantWithoutSignature(header, what, this.isOpen(request, dev))
    if (grant !== undefined) return grant
    const signed = { method: request.method, path: request.url, body: request.body }
    return { actor: await this.signed.actorOf(header!, signed, byService, this.signedHead(header!, request, byService)) }
  }

  private isOpen(request: RequestHead, dev: AccessNeed['dev']): boolean {
    if (this.profile !== 'dev') return false
    if (dev === 'keyless') return request.headers.authorization === undefined
    return dev === 'open' || (dev === 'loopback' && isLocal(request))
  }

  /** Verifies the signed statement in the header of a request, once per request. */
  private signedHead(header: string, { method, url, raw }: RequestHead, byService?: ServiceName): SignedRequestHead {
    const known = raw === undefined ? undefined : this.heads.get(raw)
    if (known !== undefined) return known
    const head = this.signed.headOf(header, { method, path: url }, byService)
    if (raw !== undefined) this.heads.set(raw, head)
    return head
  }

  /** Authorizes a reader as `admit` does, without the database. `undefined` for a signed request, whose nonce has to be stored. */
  admitReader(authorization: string | undefined): Grant | undefined {
    return this.grantWithoutSignature(authorization, 'values', this.profile === 'dev')
  }

  private grantWithoutSignature(header: string | undefined, what: AccessNeed['what'] | 'bot', isOpen: boolean): Grant | undefined {
    if (header === undefined && isOpen) return {}
    if (header === undefined) throw required(what)
    const bearer = BEARER.exec(header)?.[1]
    if (bearer === undefined) return undefined
    const record = this.tokens.require(bearer)
    // guard: token-statement
    if (what === 'statement') {
      const detail = 'An API key may not do this: it needs a request signed by a person or the operator.'
      throw new HmsError('HMS_AUTH_STATEMENT_REQUIRED', detail, { status: 403, next: [action('tokens.help')] })
    }
    if (!isOpen) requireScope(record.scopes, what === 'bot' ? { bot: someBot(record) } : what) // guard: token-scope
    return grantOf(record)
  }
}

/** Returns the grant of a key. The name is prefixed, so that the audit log distinguishes a key named like a person from that person. */
function grantOf({ id, name, region, scopes }: TokenRecord): Grant {
  const readsAll = scopes.some((scope) => scope === 'read' || scope === 'operate')
  // guard: values-only-keys
  return { actor: { id, name: `key ${id} (${name})`, kind: 'token', region, ...(readsAll ? {} : { valuesOnly: true }) }, token: id }
}

function required(what: AccessNeed['what'] | 'bot'): HmsError {
  const other = 'or a key in HMS_TOKEN. With profile dev the CLI and the SDK sign writes with the operator key of the data folder.'
  const detail = what === 'statement' ? 'This needs a request signed by a person: --sign NAME.' : `This needs a signed request, ${other}`
  const next = [what === 'statement' ? action('tokens.help') : action('tokens.create', { scope: 'SCOPE' }), action('help.environment')]
  return new HmsError('HMS_AUTH_REQUIRED', detail, { status: 401, next })
}

/** Returns any bot of this key, because the required bot is known only from the body. */
function someBot({ scopes }: TokenRecord): string {
  return scopes.find((scope) => scope.startsWith('bot:'))?.slice('bot:'.length) ?? '<id>'
}

/** Whether a request is from this machine. A request through an edge is local only if the edge's client is on this machine too. */
function isLocal({ headers, peer }: RequestHead): boolean {
  const forwarded = [headers['x-forwarded-for'] ?? []].flat().flatMap((list) => list.split(','))
  return [peer ?? '', ...forwarded].every((address) => LOOPBACK_ADDRESS.test(address.trim()))
}

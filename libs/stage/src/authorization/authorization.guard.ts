import { HmsError } from '#libs/contracts'
import type { Clock } from '#libs/platform'
import { SignatureError, verifyRequest, type Roster } from '#libs/signing'
import { SetMetadata, type CanActivate, type CustomDecorator, type ExecutionContext } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'

/** What a route asks for. `operate`: an operator or any person of the roster. */
export type Scope = 'operate'

const SCOPE = 'hms:scope'

/** A write that needs proof of who asks: `Authorization: HMS-Statement …`, a request signed by a key of the roster. */
export function RequireScope(scope: Scope): CustomDecorator {
  return SetMetadata(SCOPE, scope)
}

export interface Actor {
  id: string
  name: string
  kind: 'person' | 'operator'
}

export type AuthorizedRequest = FastifyRequest & { actor?: Actor; rawBody?: Buffer }

/** A signed request counts once and only around its time; what is remembered is bounded by that window. */
const WINDOW_MS = 60_000
const MAX_REMEMBERED = 10_000

export class AuthorizationGuard implements CanActivate {
  private readonly seen = new Map<string, number>()

  constructor(
    private readonly roster: () => Roster,
    private readonly clock: Clock,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    if (context.getType() !== 'http') return true
    const scope = Reflect.getMetadata(SCOPE, context.getHandler()) as Scope | undefined
    if (scope === undefined) return true
    const request = context.switchToHttp().getRequest<AuthorizedRequest>()
    request.actor = this.actorOf(request)
    return true
  }

  private actorOf(request: AuthorizedRequest): Actor {
    const header = request.headers.authorization
    if (header === undefined) {
      throw new HmsError('HMS_AUTH_REQUIRED', 'This write needs a signed request. The CLI and the SDK sign with the operator key of the data folder.', {
        status: 401,
        next: ['hms-svc --help'],
      })
    }
    const roster = this.roster()
    try {
      const { keyid, predicate } = verifyRequest(header, { method: request.method, path: request.url, body: request.rawBody ?? Buffer.alloc(0) }, roster)
      this.requireFresh(predicate.nonce, Date.parse(predicate.at))
      const principal = roster.principalOfKey(keyid)
      if (principal !== undefined && principal.kind !== 'service') return { id: principal.id, name: principal.name, kind: principal.kind }
      throw new HmsError('HMS_AUTH_NOT_ALLOWED', 'This key may not do that.', { status: 403 })
    } catch (error) {
      if (error instanceof SignatureError) throw new HmsError('HMS_AUTH_INVALID', `The request's signature does not count: ${error.message}.`, { status: 401, cause: error })
      throw error
    }
  }

  private requireFresh(nonce: string, atMs: number): void {
    const nowMs = this.clock.now().getTime()
    if (Math.abs(nowMs - atMs) > WINDOW_MS) {
      throw new HmsError('HMS_AUTH_EXPIRED', 'The request was signed too long ago, or the clocks differ by more than a minute.', { status: 401 })
    }
    if (this.seen.has(nonce)) throw new HmsError('HMS_AUTH_REPLAYED', 'This signed request was used before.', { status: 401 })
    for (const [old, at] of this.seen) {
      if (nowMs - at <= 2 * WINDOW_MS && this.seen.size < MAX_REMEMBERED) break
      this.seen.delete(old)
    }
    this.seen.set(nonce, nowMs)
  }
}

import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { SECRET_MEMBER, DRY_RUN, IdempotencyKeys, IDEMPOTENT, validKeyOf } from '../idempotency/idempotency-keys.js'
import { Authorizer, type AccessNeed } from './authorizer.js'
import { needOf, requirementOf } from './require-scope.js'
import { SIGNED_BODY, SignedBodies, type ProofOf } from './signed-bodies.js'
import type { Actor } from './signed-requests.js'
import type { SignedStatement } from '#libs/contracts'
import { requestStatement } from '#libs/signing'

/** A request with its identified caller. `call`: id of the request under its `Idempotency-Key`, equal for retries. */
export type AuthorizedRequest = FastifyRequest & { actor?: Actor; rawBody?: Buffer; call?: string }

/** Returns the caller's name, as the audit trail keeps it. */
export function callerName({ actor }: AuthorizedRequest): string {
  return actor?.name ?? 'operator'
}

/**
 * Calls `Authorizer` before every route of every controller, and ends an open stream when its key is revoked. A retried write with a known
 * `Idempotency-Key` gets its stored response. A request with a signed body is rate-limited before anything is stored.
 */
@Injectable()
export class AuthorizationGuard implements CanActivate {
  constructor(
    private readonly access: Authorizer,
    private readonly reflector: Reflector,
    private readonly calls: IdempotencyKeys,
    private readonly bodies: SignedBodies,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true
    const http = context.switchToHttp()
    const request = http.getRequest<AuthorizedRequest>()
    const need = needOf(requirementOf(this.reflector, context), request)
    if (need !== undefined) await this.admit(request, need, http.getResponse<FastifyReply>())
    const proofOf = this.reflector.get<ProofOf | undefined>(SIGNED_BODY, context.getHandler())
    if (proofOf !== undefined) await this.bodies.count(request, http.getResponse<FastifyReply>(), proofOf)
    const [idempotent, secret, dryRun] = [IDEMPOTENT, SECRET_MEMBER, DRY_RUN].map((key) =>
      this.reflector.get<unknown>(key, context.getHandler()),
    )
    if (dryRun === true) validKeyOf(request)
    else await this.calls.begin(request, idempotent === true, secret as string | undefined)
    return true
  }

  private async admit(request: AuthorizedRequest, need: AccessNeed, reply: FastifyReply): Promise<void> {
    const { method, url, headers, raw, rawBody: body = Buffer.alloc(0) } = request
    const { actor, token } = await this.access.admit({ method, url, headers, raw, body, peer: request.socket.remoteAddress }, need)
    request.actor = actor
    if (token !== undefined && method === 'GET') this.endWithKey(token, reply)
  }

  /** Ends an open stream when its key is revoked; other reads are short. A write is never cut, because it may be committed already. */
  private endWithKey(token: string, { raw }: FastifyReply): void {
    // If the connection closed while the key was verified, no `close` event follows that would unregister the listener.
    if (raw.destroyed) return
    raw.once(
      'close',
      this.access.tokens.onInvalid(token, () => raw.destroy()),
    )
  }
}

/** Returns the request as signed by a person or operator, with its body; `undefined` for an API key, which signs nothing. */
export function signedRequest({ headers, rawBody }: AuthorizedRequest): SignedStatement | undefined {
  const envelope = requestStatement(headers.authorization)
  return envelope === undefined ? undefined : { envelope, body: (rawBody ?? Buffer.alloc(0)).toString('utf8') }
}

import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common'
import { Reflector } from '@nestjs/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Authorizer } from './authorizer.js'
import { needOf, requirementOf } from './require-scope.js'
import type { Actor } from './signed-requests.js'

export type AuthorizedRequest = FastifyRequest & { actor?: Actor; rawBody?: Buffer }

/** Asks `Authorizer` before every route of every controller, and ends a read that is still open when its key is revoked. */
@Injectable()
export class AuthorizationGuard implements CanActivate {
  constructor(
    private readonly access: Authorizer,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true
    const http = context.switchToHttp()
    const request = http.getRequest<AuthorizedRequest>()
    const need = needOf(requirementOf(this.reflector, context), request)
    if (need === undefined) return true
    const { method, url, headers, rawBody: body = Buffer.alloc(0) } = request
    const { actor, token } = await this.access.admit({ method, url, headers, body, peer: request.socket.remoteAddress }, need)
    request.actor = actor
    if (token !== undefined && method === 'GET') this.hold(token, http.getResponse<FastifyReply>())
    return true
  }

  /** Server-sent events live on; other reads are over at once. A write is never cut: it may be committed already. */
  private hold(token: string, { raw }: FastifyReply): void {
    raw.once(
      'close',
      this.access.tokens.hold(token, () => raw.destroy()),
    )
  }
}

import { SetMetadata, type CustomDecorator, type ExecutionContext } from '@nestjs/common'
import type { AccessNeed } from './authorizer.js'

const NEED = 'hms:need'

/**
 * Who may call a route. `operate`: a person or operator who signed the request, or a key with that scope, in every profile. `statement`: the
 * same without keys. `read`, `values`, `bot` (of the body's `bot`): whoever signed, or a key with the scope; with profile dev nobody needs
 * one, a bot only on loopback. A route that says nothing needs `read` for GET and `operate` for all else, in production.
 */
export function RequireScope(need: 'operate' | 'statement' | 'read' | 'values' | 'bot'): CustomDecorator {
  return SetMetadata(NEED, need)
}

/** Nobody is asked: what it shows is public, or what it takes carries its own signatures. Say which. */
export function Public(): CustomDecorator {
  return SetMetadata(NEED, 'public')
}

/** What the route of this request needs; `undefined` for everybody. */
export function needOf(context: ExecutionContext, request: { method: string; body?: unknown }): AccessNeed | undefined {
  const need = Reflect.getMetadata(NEED, context.getHandler()) as Parameters<typeof RequireScope>[0] | 'public' | undefined
  if (need === 'public') return undefined
  if (need === undefined) return { what: isRead(request.method) ? 'read' : 'operate', dev: 'open' }
  if (need === 'bot') return { what: { bot: botOf(request.body) }, dev: 'loopback' }
  if (need === 'operate' || need === 'statement') return { what: need, dev: 'asked' }
  return { what: need, dev: 'open' }
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function botOf(body: unknown): string {
  const { bot } = (body ?? {}) as { bot?: unknown }
  return typeof bot === 'string' ? bot : ''
}

import type { ExecutionContext } from '@nestjs/common'
import type { Reflector } from '@nestjs/core'
import type { AccessNeed } from './authorizer.js'
import { BODY_BOUNDS, type BodyBounds } from '#libs/platform'

const REQUIREMENT = 'hms:requirement'

export type Requirement =
  | 'public'
  | 'operate'
  | 'statement'
  | 'read'
  | 'metrics'
  | 'values'
  | 'records'
  | 'schemas'
  | 'calendar'
  | 'heads'
  | 'notices'
  | 'bot'

/**
 * Declares who may call a route, or each undeclared route of a controller. Undeclared in production: `read` for GET, else `operate`.
 * - `operate`: a person or operator who signed the request, or a key with that scope; also in dev. `statement`: the same without keys.
 * - `read`, `values`, `bot` (for the body's `bot`): a signed request, or a key with the scope. Open in dev; `bot` only on loopback.
 * - `metrics`: as `read`, also in dev. `schemas`: as `values`, or signed by config-store. `calendar`: as `read`, or the key in the address.
 * - `records`: as `read`, or signed by audit. Open in dev without a key; a key that is sent needs the scope.
 * - `heads`: as `values`, or signed by approver. `notices`: as `values`, or the stream key in the address, from an evaluation.
 */
export function RequireScope(requirement: Exclude<Requirement, 'public'>): ClassDecorator & MethodDecorator {
  return requires(requirement)
}

/** Declares a route that needs no authorization: its response is public, or its input is signed. Add a comment that says which. */
export function Public(): ClassDecorator & MethodDecorator {
  return requires('public')
}

/** Stores a requirement twice: for the guard's `Reflector`, and in the route for the head check, which runs before the guard. */
function requires(requirement: Requirement): ClassDecorator & MethodDecorator {
  return (target: object, _name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    Reflect.defineMetadata(REQUIREMENT, requirement, (descriptor?.value as object | undefined) ?? target)
    if (descriptor !== undefined) return routeConfig({ requirement }, descriptor.value as object)
    const { constructor: _constructor, ...methods } = Object.getOwnPropertyDescriptors((target as { prototype: object }).prototype)
    for (const { value } of Object.values<PropertyDescriptor>(methods))
      if (typeof value === 'function' && !Reflect.hasOwnMetadata(REQUIREMENT, value)) routeConfig({ requirement }, value)
  }
}

/** Returns the requirement of a route, or of its controller, from its configuration. */
export function requirementOfRoute(config: unknown): Requirement | undefined {
  return (config as { requirement?: Requirement } | undefined)?.requirement
}

/** Returns the requirement of a handler, else of its controller. */
export function requirementOf(reflector: Reflector, context: ExecutionContext): Requirement | undefined {
  return reflector.getAllAndOverride(REQUIREMENT, [context.getHandler(), context.getClass()])
}

/** Returns the access that a request needs; `undefined` for a public route. */
export function needOf(requirement: Requirement | undefined, request: { method: string; body?: unknown }): AccessNeed | undefined {
  switch (requirement) {
    case 'public':
      return undefined
    case undefined:
      return { what: request.method === 'GET' || request.method === 'HEAD' ? 'read' : 'operate', dev: 'open' } // guard: access-by-default
    case 'bot':
      return { what: { bot: botOf(request.body) }, dev: 'loopback' }
    case 'metrics':
      return { what: 'read', dev: 'asked' }
    case 'operate':
    case 'statement':
      return { what: requirement, dev: 'asked' }
    case 'records':
      return { what: 'read', dev: 'keyless', byService: 'audit' } // guard: records-need-read
    case 'schemas':
      return { what: 'values', dev: 'open', byService: 'config-store' }
    case 'calendar':
      return { what: 'read', dev: 'open', byQuery: 'calendar' }
    case 'heads':
      return { what: 'values', dev: 'open', byService: 'approver' }
    case 'notices':
      return { what: 'values', dev: 'open', byQuery: 'ofrep-events' }
    default:
      return { what: requirement, dev: 'open' } // guard: service-reads-heads
  }
}

function botOf(body: unknown): string {
  const { bot } = (body ?? {}) as { bot?: unknown }
  return typeof bot === 'string' ? bot : ''
}

/** Metadata key of a route's configuration in Nest's Fastify adapter. */
const ROUTE_CONFIG = '__fastify_route_config__'

/** Merges into the configuration of a handler's route. Nest's own `RouteConfig` would replace the configuration of another decorator. */
export function routeConfig(config: object, handler: object): void {
  const known = Reflect.getOwnMetadata(ROUTE_CONFIG, handler) as object | undefined
  Reflect.defineMetadata(ROUTE_CONFIG, { ...known, ...config }, handler)
}

export function LargeBody(bounds: Partial<BodyBounds>): MethodDecorator {
  return (_target, _name, { value }) => routeConfig({ bounds: { ...BODY_BOUNDS, ...bounds } }, value as object)
}

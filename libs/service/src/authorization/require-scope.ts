import type { ExecutionContext } from '@nestjs/common'
import type { Reflector } from '@nestjs/core'
import { routeConfig } from './route-config.js'
import type { AccessNeed } from './authorizer.js'

const REQUIREMENT = 'hms:requirement'

export type Requirement = 'public' | 'operate' | 'statement' | 'read' | 'metrics' | 'values' | 'notices' | 'bot'

/**
 * Who may call a route, or every route of a controller that says nothing else. `operate`: a person or operator who signed the request, or
 * a key with that scope, in every profile. `statement`: the same without keys. `metrics`: who may `read`, in every profile. `read`,
 * `values`, `bot` (of the body's `bot`): anyone who signed, or a key with the scope; with profile dev nobody needs one, a bot only on
 * loopback. `notices`: the same as `values`, or by the address that an evaluation gave. A route of which nothing is said needs `read` for
 * GET and `operate` for all else, in production.
 */
export function RequireScope(requirement: Exclude<Requirement, 'public'>): ClassDecorator & MethodDecorator {
  return requires(requirement)
}

/** Nobody is asked: what it shows is public, or what it takes carries its own signatures. Say which. */
export function Public(): ClassDecorator & MethodDecorator {
  return requires('public')
}

/** For the guard by `Reflector`; for the head of a request, where no handler is known yet, in the configuration of the route. */
function requires(requirement: Requirement): ClassDecorator & MethodDecorator {
  return (target: object, _name?: string | symbol, descriptor?: PropertyDescriptor): void => {
    Reflect.defineMetadata(REQUIREMENT, requirement, (descriptor?.value as object | undefined) ?? target)
    if (descriptor !== undefined) return routeConfig({ requirement }, descriptor.value as object)
    const { constructor: _constructor, ...methods } = Object.getOwnPropertyDescriptors((target as { prototype: object }).prototype)
    for (const { value } of Object.values<PropertyDescriptor>(methods))
      if (typeof value === 'function' && !Reflect.hasOwnMetadata(REQUIREMENT, value)) routeConfig({ requirement }, value)
  }
}

/** What a route says, or its controller, by its configuration. */
export function requirementOfRoute(config: unknown): Requirement | undefined {
  return (config as { requirement?: Requirement } | undefined)?.requirement
}

/** What the route says; else what its controller says. */
export function requirementOf(reflector: Reflector, context: ExecutionContext): Requirement | undefined {
  return reflector.getAllAndOverride(REQUIREMENT, [context.getHandler(), context.getClass()])
}

/** What this request needs; `undefined` for everybody. */
export function needOf(requirement: Requirement | undefined, request: { method: string; body?: unknown }): AccessNeed | undefined {
  switch (requirement) {
    case 'public':
      return undefined
    case undefined:
      return { what: isRead(request.method) ? 'read' : 'operate', dev: 'open' }
    case 'bot':
      return { what: { bot: botOf(request.body) }, dev: 'loopback' }
    case 'metrics':
      return { what: 'read', dev: 'asked' }
    case 'operate':
    case 'statement':
      return { what: requirement, dev: 'asked' }
    case 'notices':
      return { what: 'values', dev: 'open', byQuery: true }
    default:
      return { what: requirement, dev: 'open' }
  }
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

function botOf(body: unknown): string {
  const { bot } = (body ?? {}) as { bot?: unknown }
  return typeof bot === 'string' ? bot : ''
}

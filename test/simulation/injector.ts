import 'reflect-metadata'
import type { EventType, ServiceName } from '#libs/contracts'
import { EventContext, type EventConsumer } from '#libs/messaging'
import { RUNTIMES, type ServiceRuntime } from '#libs/service'
import type { FactoryProvider, InjectionToken, Provider, Type } from '@nestjs/common'

/** Metadata keys of Nest: parameters named by `@Inject`, and what `@OnEvent` (an `@EventPattern`) leaves on a method. */
const INJECTED = 'self:paramtypes'
const PATTERN = 'microservices:pattern'
const EXTRAS = 'microservices:pattern_extras'

type Handler = (event: unknown, context: EventContext) => unknown

interface Subscription {
  types: EventType[]
  handler: Handler
}

/**
 * Providers of one service's module and of the modules that it imports, created without Nest: an application for each of eight services and
 * each restart would take longer than the seed. Supports the forms that the modules use: classes, values, factories and aliases. Which
 * module exports a provider is checked by Nest alone.
 */
export class Injector {
  private readonly values = new Map<InjectionToken, unknown>()
  private readonly classes = new Map<InjectionToken, Type>()
  private readonly factories = new Map<InjectionToken, FactoryProvider>()
  private readonly aliases = new Map<InjectionToken, InjectionToken>()
  private readonly parts: ModuleParts

  /** `instead` replaces providers; a token with `undefined` is left out. */
  constructor(module: Type, runtimes: ReadonlyMap<ServiceName, ServiceRuntime>, instead: ReadonlyMap<InjectionToken, unknown> = new Map()) {
    this.parts = partsOf(module)
    this.values.set(RUNTIMES, runtimes)
    for (const provider of this.parts.providers) this.take(provider)
    for (const [token, value] of instead) {
      for (const kind of [this.classes, this.factories, this.values]) kind.delete(token)
      if (value !== undefined) this.values.set(token, value)
    }
    for (const token of [...this.factories.keys(), ...this.classes.keys()]) this.get(token)
  }

  get<T>(token: InjectionToken<T>): T {
    const alias = this.aliases.get(token)
    if (alias !== undefined) return this.get(alias)
    if (this.values.has(token)) return this.values.get(token) as T
    const made = this.create(token)
    this.values.set(token, made)
    return made as T
  }

  /** Everything made, in the order in which it was made. A module may say `undefined` for what it goes without. */
  instances(): unknown[] {
    return [...this.values.values()].filter((value) => value !== undefined)
  }

  /** Registers the `@OnEvent` methods of the controllers, as `EventServer` does. */
  bind(service: ServiceName, consumer: EventConsumer): void {
    for (const type of this.parts.controllers) {
      const subscriptions = handlersOf(type, service)
      if (subscriptions.length === 0) continue
      const controller = this.make(type)
      for (const { types, handler } of subscriptions) {
        consumer.on(types, async (event, tx) => void (await handler.call(controller, event, new EventContext(event, tx))))
      }
    }
  }

  private take(provider: Provider): void {
    if (typeof provider === 'function') this.classes.set(provider, provider as Type)
    else if ('useValue' in provider) this.values.set(provider.provide, provider.useValue)
    else if ('useFactory' in provider) this.factories.set(provider.provide, provider)
    else if ('useExisting' in provider) this.aliases.set(provider.provide, provider.useExisting as InjectionToken)
    else throw new TypeError(`the injector supports classes, values, factories and aliases only: ${String(provider.provide)}`)
  }

  private create(token: InjectionToken): unknown {
    const factory = this.factories.get(token)
    if (factory !== undefined)
      return factory.useFactory(...(factory.inject ?? []).map((each) => this.get(each as InjectionToken))) as unknown
    const type = this.classes.get(token)
    if (type === undefined) throw new TypeError(`no module of the service provides ${nameOf(token)}`)
    return this.make(type)
  }

  private make(type: Type): object {
    return new type(...tokensOf(type).map((token) => this.get(token))) as object
  }
}

function nameOf(token: InjectionToken): string {
  return typeof token === 'function' ? token.name : String(token)
}

interface ModuleParts {
  providers: Provider[]
  controllers: Type[]
}

/** Collects providers and controllers of a module after those of its imports, each module once. */
function partsOf(module: Type, seen = new Set<Type>()): ModuleParts {
  if (seen.has(module)) return { providers: [], controllers: [] }
  seen.add(module)
  const of = <T>(key: 'imports' | 'providers' | 'controllers'): T[] => (Reflect.getMetadata(key, module) ?? []) as T[]
  const imported = of<Type>('imports').map((each) => partsOf(each, seen))
  return {
    providers: [...imported.flatMap(({ providers }) => providers), ...of<Provider>('providers')],
    controllers: [...imported.flatMap(({ controllers }) => controllers), ...of<Type>('controllers')],
  }
}

const tokens = new WeakMap<Type, InjectionToken[]>()

/** What the constructor asks for: the same for every life of every seed. */
function tokensOf(type: Type): InjectionToken[] {
  let known = tokens.get(type)
  if (known === undefined) {
    const named = (Reflect.getMetadata(INJECTED, type) ?? []) as { index: number; param: InjectionToken }[]
    const types = (Reflect.getMetadata('design:paramtypes', type) ?? []) as InjectionToken[]
    tokens.set(type, (known = types.map((token, index) => named.find((entry) => entry.index === index)?.param ?? token)))
  }
  return known
}

const handlers = new WeakMap<Type, Subscription[]>()

function handlersOf(type: Type, service: ServiceName): Subscription[] {
  let known = handlers.get(type)
  if (known === undefined) handlers.set(type, (known = readHandlers(type, service)))
  return known
}

function readHandlers(type: Type, service: ServiceName): Subscription[] {
  const prototype = type.prototype as Record<string, Handler>
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const handler = Object.getOwnPropertyDescriptor(prototype, name)?.value as Handler | undefined
    const types = handler === undefined ? undefined : (Reflect.getMetadata(PATTERN, handler) as EventType[] | undefined)
    if (handler === undefined || types === undefined) return []
    const { service: named } = (Reflect.getMetadata(EXTRAS, handler) ?? {}) as { service?: ServiceName }
    if (named !== service) throw new TypeError(`${type.name}.${name} names another service`)
    return [{ types, handler }]
  })
}

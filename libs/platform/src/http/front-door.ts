import type { FastifyInstance } from 'fastify'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'

/**
 * Looks at a request before Fastify does. `false`: it left the request alone. A door that answered `true` may still call `pass`, which
 * gives the request to Fastify; nothing of the body may be missing then.
 */
export type FrontDoor = (request: IncomingMessage, response: ServerResponse, pass: () => void) => boolean

/** Hooks that no request passes through. */
const OF_THE_SERVER = new Set(['onReady', 'onListen', 'preClose', 'onClose', 'onRegister'])

interface Threshold {
  door?: FrontDoor | undefined
  /** The first hook that nobody has compared with the door; it keeps the door closed. */
  unheeded?: string
}

const thresholds = new WeakMap<Server, Threshold>()
const known = new WeakSet<object>()

/** Adds hooks that are known at the door: for each request that it answers they do nothing, or it does the same. */
export function heeded(fastify: Pick<FastifyInstance, 'addHook'>): Pick<FastifyInstance, 'addHook'> {
  const addHook = (name: string, hook: object): unknown => {
    known.add(hook)
    return (fastify.addHook as (name: string, hook: object) => unknown).call(fastify, name, hook)
  }
  return { addHook } as Pick<FastifyInstance, 'addHook'>
}

/**
 * Makes room for a door, while Fastify's own listener is the only one: those that are added later come before both. A hook that is added
 * from now on, and was not added by `heeded`, closes the door for good: each request passes through it.
 */
export function standBeforeFastify(fastify: FastifyInstance): void {
  const { server } = fastify
  const [listener, ...others] = server.listeners('request') as RequestListener[]
  if (listener === undefined || others.length > 0) throw new Error('the server must have the listener of Fastify alone')
  const threshold: Threshold = {}
  thresholds.set(server, threshold)
  watchHooks(fastify, threshold)
  server.removeListener('request', listener)
  server.on('request', (request, response) => {
    const pass = (): void => void listener(request, response)
    const door = threshold.unheeded === undefined ? threshold.door : undefined
    if (door?.(request, response, pass) !== true) pass()
  })
}

/** Parts of a server inherit the method, so their hooks are seen too. */
function watchHooks(fastify: FastifyInstance, threshold: Threshold): void {
  const addHook = fastify.addHook as (this: unknown, name: string, hook: object) => FastifyInstance
  const watching = function (this: unknown, name: string, hook: object): FastifyInstance {
    if (!OF_THE_SERVER.has(name) && !known.has(hook)) threshold.unheeded ??= `${name} ${(hook as { name?: string }).name ?? ''}`.trim()
    return addHook.call(this, name, hook)
  }
  Object.assign(fastify, { addHook: watching })
}

/** Adds what a framework brings along: hooks that are the same for every request, and do nothing for those that the door answers. */
export async function addHeeded(fastify: FastifyInstance, add: () => Promise<unknown>): Promise<void> {
  const threshold = thresholds.get(fastify.server)!
  const before = threshold.unheeded
  await add()
  if (before === undefined) delete threshold.unheeded
}

/**
 * Requests that come after the returned function was called go to Fastify, which says that it closes. `unheeded` names the hook that keeps
 * the door closed.
 */
export function openFrontDoor(server: Server, door: FrontDoor): { close: () => void; unheeded: string | undefined } {
  const threshold = thresholds.get(server)!
  threshold.door = door
  return { close: () => void (threshold.door = undefined), unheeded: threshold.unheeded }
}

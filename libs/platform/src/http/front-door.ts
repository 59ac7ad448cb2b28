import type { FastifyInstance } from 'fastify'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'

/**
 * Handles a request before Fastify does. Returns `false` if it left the request alone. After `true` it may still call `pass`, which gives
 * the request to Fastify, if no part of the body was consumed.
 */
export type FrontDoor = (request: IncomingMessage, response: ServerResponse, pass: () => void) => boolean

/** Hooks that do not run per request. */
const OF_THE_SERVER = new Set(['onReady', 'onListen', 'preClose', 'onClose', 'onRegister'])

interface Threshold {
  door?: FrontDoor | undefined
  /** First hook that was not added by `heeded`; it disables the door. */
  unheeded?: string
}

const thresholds = new WeakMap<Server, Threshold>()
const known = new WeakSet<object>()

/**
 * Returns `addHook` for hooks that the door accounts for. For each request that the door handles, these hooks would do nothing, or the same
 * as the door.
 */
export function heeded(fastify: Pick<FastifyInstance, 'addHook'>): Pick<FastifyInstance, 'addHook'> {
  const addHook = (name: string, hook: object): unknown => {
    known.add(hook)
    return (fastify.addHook as (name: string, hook: object) => unknown).call(fastify, name, hook)
  }
  return { addHook } as Pick<FastifyInstance, 'addHook'>
}

/**
 * Prepares a door. Call it while Fastify's listener is the only one, so that listeners prepended later run before both. A hook added from
 * now on without `heeded` disables the door permanently, so that each request passes through the hook.
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

/** Records the first hook added without `heeded`. Plugins inherit the replaced `addHook`, so their hooks are seen too. */
function watchHooks(fastify: FastifyInstance, threshold: Threshold): void {
  const addHook = fastify.addHook as (this: unknown, name: string, hook: object) => FastifyInstance
  const watching = function (this: unknown, name: string, hook: object): FastifyInstance {
    if (!OF_THE_SERVER.has(name) && !known.has(hook)) threshold.unheeded ??= `${name} ${(hook as { name?: string }).name ?? ''}`.trim()
    return addHook.call(this, name, hook)
  }
  Object.assign(fastify, { addHook: watching })
}

/**
 * Runs `add` without disabling the door: the hooks that a framework adds are the same for every request, and do nothing for those that the
 * door handles.
 */
export async function addHeeded(fastify: FastifyInstance, add: () => Promise<unknown>): Promise<void> {
  const threshold = thresholds.get(fastify.server)!
  const before = threshold.unheeded
  await add()
  if (before === undefined) delete threshold.unheeded
}

/**
 * Opens the door. After the returned `close`, requests go to Fastify, which responds that it is closing. `unheeded` names the hook that
 * disables the door.
 */
export function openFrontDoor(server: Server, door: FrontDoor): { close: () => void; unheeded: string | undefined } {
  const threshold = thresholds.get(server)!
  threshold.door = door
  return { close: () => void (threshold.door = undefined), unheeded: threshold.unheeded }
}

import type { FastifyInstance } from 'fastify'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'

/** Handles a request before Fastify, or returns `false`. After `true`, it may still call `pass` for Fastify, if it consumed no body. */
export type FastPath = (request: IncomingMessage, response: ServerResponse, pass: () => void) => boolean

/** Hooks that do not run per request. */
const SERVER_HOOKS = new Set(['onReady', 'onListen', 'preClose', 'onClose', 'onRegister'])

interface FastPathState {
  fastPath?: FastPath | undefined
  /** First hook that was not added by `fastPathSafe`; it disables the fast path. */
  blockingHook?: string
}

const states = new WeakMap<Server, FastPathState>()
const safeHooks = new WeakSet<object>()

/** Returns `addHook` for hooks that, for requests of the fast path, do nothing or the same as the fast path. */
export function fastPathSafe(fastify: Pick<FastifyInstance, 'addHook'>): Pick<FastifyInstance, 'addHook'> {
  const addHook = (name: string, hook: object): unknown => {
    safeHooks.add(hook)
    return (fastify.addHook as (name: string, hook: object) => unknown).call(fastify, name, hook)
  }
  return { addHook } as Pick<FastifyInstance, 'addHook'>
}

/**
 * Prepares the fast path. Call it while Fastify's listener is the only one, so that listeners prepended later run before both. A hook
 * added from now on without `fastPathSafe` disables the fast path permanently, so that each request passes through the hook.
 */
export function prepareFastPath(fastify: FastifyInstance): void {
  const { server } = fastify
  const [listener, ...others] = server.listeners('request') as RequestListener[]
  if (listener === undefined || others.length > 0) throw new Error('the server must have the listener of Fastify alone')
  const state: FastPathState = {}
  states.set(server, state)
  watchHooks(fastify, state)
  server.removeListener('request', listener)
  server.on('request', (request, response) => {
    const pass = (): void => void listener(request, response)
    const fastPath = state.blockingHook === undefined ? state.fastPath : undefined
    if (fastPath?.(request, response, pass) !== true) pass()
  })
}

/** Records the first hook added without `fastPathSafe`. Plugins inherit the replaced `addHook`, so their hooks are seen too. */
function watchHooks(fastify: FastifyInstance, state: FastPathState): void {
  const addHook = fastify.addHook as (this: unknown, name: string, hook: object) => FastifyInstance
  const watching = function (this: unknown, name: string, hook: object): FastifyInstance {
    if (!SERVER_HOOKS.has(name) && !safeHooks.has(hook)) state.blockingHook ??= `${name} ${(hook as { name?: string }).name ?? ''}`.trim()
    return addHook.call(this, name, hook)
  }
  Object.assign(fastify, { addHook: watching })
}

/** Runs `add` without disabling the fast path: a framework's hooks are the same for every request, and do nothing on the fast path. */
export async function addFastPathSafe(fastify: FastifyInstance, add: () => Promise<unknown>): Promise<void> {
  const state = states.get(fastify.server)!
  const before = state.blockingHook
  await add()
  if (before === undefined) delete state.blockingHook
}

/** Opens the fast path. After `close`, Fastify responds that it is closing. `blockingHook`: hook that disables the fast path. */
export function openFastPath(server: Server, fastPath: FastPath): { close: () => void; blockingHook: string | undefined } {
  const state = states.get(server)!
  state.fastPath = fastPath
  return { close: () => void (state.fastPath = undefined), blockingHook: state.blockingHook }
}

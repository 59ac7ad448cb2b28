import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'

/**
 * Looks at a request before Fastify does. `false`: it left the request alone. A door that answered `true` may still call `pass`, which
 * gives the request to Fastify; nothing of the body may be missing then.
 */
export type FrontDoor = (request: IncomingMessage, response: ServerResponse, pass: () => void) => boolean

const doors = new WeakMap<Server, FrontDoor>()

/** Makes room for a door, while Fastify's own listener is the only one: those that are added later come before both. */
export function standBeforeFastify(server: Server): void {
  const [fastify, ...others] = server.listeners('request') as RequestListener[]
  if (fastify === undefined || others.length > 0) throw new Error('the server must have the listener of Fastify alone')
  server.removeListener('request', fastify)
  server.on('request', (request, response) => {
    const pass = (): void => void fastify(request, response)
    if (doors.get(server)?.(request, response, pass) !== true) pass()
  })
}

/** Requests that come after the returned function was called go to Fastify, which says that it closes. */
export function openFrontDoor(server: Server, door: FrontDoor): () => void {
  doors.set(server, door)
  return () => doors.delete(server)
}

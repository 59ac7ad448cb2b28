import type { FastifyInstance } from 'fastify'
import type { Authorizer } from './authorizer.js'
import { needOf, requirementOfRoute } from './require-scope.js'
import { heeded } from '#libs/platform'

/** Verifies the key of each request with a body at its head: a body without a valid key is never stored. The guard verifies the rest. */
export function judgeHeads(server: FastifyInstance, access: Authorizer): void {
  heeded(server).addHook('onRequest', (request, _reply, done) => {
    const { method, url, headers, raw, is404, routeOptions } = request
    if (is404 || method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return done()
    const config = routeOptions.config as { page?: boolean } | undefined
    // A page's form is forwarded to an API route, which verifies it.
    const need = config?.page === true ? undefined : needOf(requirementOfRoute(config), { method })
    try {
      if (need !== undefined) access.admitHead({ method, url, headers, raw, peer: raw.socket.remoteAddress }, need)
      done()
    } catch (error) {
      done(error as Error)
    }
  })
}

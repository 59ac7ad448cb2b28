import { OFREP_PATH } from '#libs/contracts'
import type { FastifyInstance } from 'fastify'

/** OFREP knows two headers for a key, and providers set either. Before anybody asks which key it is. */
export function takeApiKeys(server: FastifyInstance): void {
  server.addHook('onRequest', ({ raw: { url = '', headers } }, _reply, done) => {
    const key = headers['x-api-key']
    if (key !== undefined && headers.authorization === undefined && url.startsWith(`${OFREP_PATH}/`))
      headers.authorization = `Bearer ${String(key)}`
    done()
  })
}

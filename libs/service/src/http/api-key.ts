import { OFREP_PATH } from '#libs/contracts'
import type { FastifyInstance } from 'fastify'
import type { IncomingHttpHeaders } from 'node:http'
import { heeded } from '#libs/platform'

/** Accepts both of OFREP's headers for a key, since providers set either. Register it before authorization. */
export function takeApiKeys(server: FastifyInstance): void {
  heeded(server).addHook('onRequest', ({ raw: { url = '', headers } }, _reply, done) => {
    const key = keyOfReader(headers)
    if (key !== undefined && url.startsWith(`${OFREP_PATH}/`)) headers.authorization = key
    done()
  })
}

/** Returns the key of an OFREP request, from either header, in the form of `authorization`. */
export function keyOfReader({ authorization, 'x-api-key': key }: IncomingHttpHeaders): string | undefined {
  return authorization ?? (key === undefined ? undefined : `Bearer ${String(key)}`)
}

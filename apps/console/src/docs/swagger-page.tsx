import type { FastifyInstance } from 'fastify'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { PageContent } from '../layout/page.js'
import { placeInDocs } from './docs-frame.js'

const BASE = '/console/swagger'

export const SWAGGER = {
  style: `${BASE}/swagger-ui.css`,
  bundle: `${BASE}/swagger-ui-bundle.js`,
  start: '/console/swagger-start.js',
} as const

/** The build copies the files of Swagger UI beside the compiled console; a console that runs from its sources reads the package. */
const COPIED = new URL('../../swagger/', import.meta.url)
const PACKAGE = new URL('../../../../node_modules/swagger-ui-dist/', import.meta.url)

/** Serves the files of Swagger UI. They have 1.9 MB in all, so they are read on request, and browsers keep them for a day. */
export function serveSwagger(server: FastifyInstance): void {
  const folder = existsSync(COPIED) ? COPIED : PACKAGE
  const serve = (name: string, type: string): void => {
    server.get(`${BASE}/${name}`, { config: { page: true } }, async (_request, reply) => {
      const headers = { 'cache-control': 'public, max-age=86400', 'x-content-type-options': 'nosniff' }
      return reply
        .type(type)
        .headers(headers)
        .send(await readFile(new URL(name, folder)))
    })
  }
  serve('swagger-ui.css', 'text/css; charset=utf-8')
  serve('swagger-ui-bundle.js', 'text/javascript; charset=utf-8')
}

/** Page with Swagger UI over `/openapi.json`. The files of Swagger UI come from this server, so the page sends no request elsewhere. */
export async function swaggerPage(): Promise<PageContent> {
  return {
    ...placeInDocs('Swagger UI', { href: '/docs/api', text: 'HTTP' }),
    summary: 'Schemas in full, and requests to this installation.',
    styles: [SWAGGER.style],
    scripts: [SWAGGER.bundle, SWAGGER.start],
    body: (
      <>
        <noscript>
          <p>
            This view needs scripts. <a href="/docs/api">The list of routes</a> does not.
          </p>
        </noscript>
        <div id="swagger-ui" />
      </>
    ),
  }
}

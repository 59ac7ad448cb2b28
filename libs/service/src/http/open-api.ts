import type { FastifyInstance, RouteOptions } from 'fastify'

export interface Route {
  method: string
  url: string
}

/** Fills with every route of the server that is registered later. */
export function collectRoutes(server: FastifyInstance): Route[] {
  const routes: Route[] = []
  server.addHook('onRoute', ({ method, url }: RouteOptions) => {
    for (const each of [method].flat()) if (each !== 'HEAD' && each !== 'OPTIONS') routes.push({ method: each, url })
  })
  return routes
}

export function openApi(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const { method, url } of routes) {
    const path = url.replaceAll(/:([A-Za-z]+)/g, '{$1}').replaceAll('*', '{path}')
    const parameters = [...path.matchAll(/\{([A-Za-z]+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    }))
    paths[path] ??= {}
    paths[path][method.toLowerCase()] = {
      ...(parameters.length > 0 ? { parameters } : {}),
      responses: { '2XX': { description: 'done as asked' }, default: { $ref: '#/components/responses/Problem' } },
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'HMS-SVC', version, description: 'A signed YAML policy becomes a live rule.' },
    paths,
    components: {
      responses: {
        Problem: { description: 'RFC 9457', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
      },
      schemas: {
        Problem: {
          type: 'object',
          required: ['type', 'status', 'code', 'detail', 'retryable', 'next'],
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            code: { type: 'string', pattern: '^HMS_[A-Z0-9_]+$' },
            detail: { type: 'string' },
            retryable: { type: 'boolean' },
            next: { type: 'array', items: { type: 'object', properties: { command: { type: 'string' } } } },
            traceId: { type: 'string' },
            errors: { type: 'array', items: { type: 'object', properties: { pointer: { type: 'string' }, detail: { type: 'string' } } } },
          },
        },
      },
    },
  }
}

import type { FastifyInstance, RouteOptions } from 'fastify'
import { docsDocument } from './docs-file.js'
import { fastPathSafe } from './fast-path.js'

export interface Route {
  method: string
  url: string
}

interface Document {
  info: { version: string }
  paths: Record<string, Record<string, unknown>>
}

/** Collects every route of the API registered later; pages for people (`config: { page: true }`) are excluded. */
export function collectRoutes(server: FastifyInstance): Route[] {
  const routes: Route[] = []
  fastPathSafe(server).addHook('onRoute', ({ method, url, config }: RouteOptions) => {
    if ((config as { page?: boolean } | undefined)?.page === true) return
    for (const each of [method].flat()) if (each !== 'HEAD' && each !== 'OPTIONS') routes.push({ method: each, url })
  })
  return routes
}

/** Returns the routes of all services. */
export function documentedRoutes(): Route[] {
  const { paths } = docsDocument<Document>('openapi.json')
  return Object.entries(paths).flatMap(([url, methods]) => Object.keys(methods).map((method) => ({ method: method.toUpperCase(), url })))
}

/** Returns `docs/openapi.json`, which describes all services, limited to `routes` for a process that runs some of them. */
export function openApi(version: string, routes?: readonly Route[]): object {
  const document = docsDocument<Document>('openapi.json')
  return { ...document, info: { ...document.info, version }, paths: routes === undefined ? document.paths : pathsOf(document, routes) }
}

/** Returns `docs/asyncapi.json`, which describes all topics and the data of their events. */
export function asyncApi(version: string): object {
  const document = docsDocument<Pick<Document, 'info'>>('asyncapi.json')
  return { ...document, info: { ...document.info, version } }
}

function pathsOf({ paths }: Document, routes: readonly Route[]): Document['paths'] {
  const here: Document['paths'] = {}
  for (const { method, url } of routes) {
    const [path, name] = [url.replaceAll(/:([A-Za-z]+)/g, '{$1}').replaceAll('*', '{path}'), method.toLowerCase()]
    here[path] = { ...here[path], [name]: paths[path]?.[name] ?? { responses: { default: { description: 'not described' } } } }
  }
  return here
}

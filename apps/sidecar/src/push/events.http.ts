import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EventFeed } from './event-feed.js'

const HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }

/**
 * `GET /v1/events`: Server-Sent Events. Goes on after `Last-Event-ID`, or after `?revision=` for a first connection, as config-store's do.
 */
export function follow({ method, headers }: IncomingMessage, response: ServerResponse, query: URLSearchParams, feed: EventFeed): void {
  if (method === 'HEAD') return void response.writeHead(200, HEADERS).end()
  feed.follow(response, HEADERS, revisionIn(headers['last-event-id'] ?? query.get('revision')))
}

/** `undefined` for what is no revision: such a reader knows nothing. */
function revisionIn(text: unknown): number | undefined {
  return typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

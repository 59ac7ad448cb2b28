import type { ServerResponse } from 'node:http'

/** A whole answer; without `body` it has none. */
export interface Answer {
  status?: number
  type?: string
  body?: string
  headers?: Record<string, string>
}

/** Node leaves the body of a HEAD request away by itself. */
export function send(
  response: ServerResponse,
  { status = 200, type = 'application/json; charset=utf-8', body, headers = {} }: Answer,
): void {
  if (response.headersSent) return void response.destroy()
  const described = body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }
  response.writeHead(status, { ...headers, ...described }).end(body)
}

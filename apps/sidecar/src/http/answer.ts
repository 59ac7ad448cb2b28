import type { ServerResponse } from 'node:http'

/** Complete response; no body if `body` is missing. */
export interface Answer {
  status?: number
  type?: string
  body?: string
  headers?: Record<string, string>
}

/** Sends a response; Node omits the body for a HEAD request. */
export function send(
  response: ServerResponse,
  { status = 200, type = 'application/json; charset=utf-8', body, headers = {} }: Answer,
): void {
  if (response.headersSent) return void response.destroy()
  const described = body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }
  response.writeHead(status, { ...headers, ...described }).end(body)
}

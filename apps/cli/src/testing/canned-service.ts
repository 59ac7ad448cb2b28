import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Canned {
  status?: number
  /** Requests without authorization get 401 `HMS_AUTH_REQUIRED`. */
  signed?: true
  /** Response body, or a function of the request's body. */
  body?: unknown
  /** Replaces the body: a response that is not JSON. */
  text?: string
  /** Replaces the body: a stream of server-sent events that stays open. */
  events?: unknown[]
}

export interface CannedService {
  url: string
  /** `METHOD PATH` with the parsed body, in the order of arrival. */
  requests: { call: string; body: unknown; authorization: string | undefined }[]
  close(): Promise<void>
}

const UNSIGNED: Canned = { status: 401, body: { code: 'HMS_AUTH_REQUIRED', status: 401 } }

/** Starts an HTTP server on a free port of loopback with fixed responses by `METHOD PATH?QUERY`; anything else is a 404 problem. */
export async function serveCanned(answers: Record<string, Canned>): Promise<CannedService> {
  const requests: CannedService['requests'] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const call = `${request.method} ${request.url}`
    const { authorization } = request.headers
    requests.push({ call, authorization, body: chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString()) })
    const answer = answers[call] ?? { status: 404, body: notFound(call) }
    const isRefused = answer.signed === true && authorization === undefined
    const { status = 200, body, text, events } = isRefused ? UNSIGNED : answer
    if (events !== undefined) {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`)
      return
    }
    response.writeHead(status, { 'content-type': status < 400 ? 'application/json' : 'application/problem+json' })
    response.end(text ?? JSON.stringify(typeof body === 'function' ? body(requests.at(-1)?.body) : body))
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
}

function notFound(call: string): unknown {
  return { code: 'HMS_TEST_NOT_FOUND', detail: `no ${call}`, status: 404, next: [{ command: 'hms-svc runs list' }], traceId: 'abc123' }
}

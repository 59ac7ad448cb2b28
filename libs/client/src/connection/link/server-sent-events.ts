import { HmsError } from '#libs/contracts'
import { sseParser } from '../../api/sse-parser.js'
import {
  addressOf,
  headersOf,
  isUnreachable,
  MAX_FRAME_BYTES,
  refusalIn,
  type Target,
  type Transport,
  type TransportResponse,
} from './transport.js'
import { reasonOf } from '../../api/problem-to-error.js'

/** Function that sends a GET, which `signal` aborts. Rejects if there is no response. */
export type Get = (address: URL, headers: Record<string, string>, signal: AbortSignal) => Promise<TransportResponse>

/** Transport over `GET /v1/events`, for networks whose proxy blocks WebSockets. */
export function serverSentEvents(target: Target, limits: Omit<Transport, 'open'>, get: Get): Transport {
  return {
    ...limits,
    open(resume, session) {
      const abort = new AbortController()
      let received = 0
      const follow = async (): Promise<void> => {
        const headers = { ...headersOf(target, resume), accept: 'text/event-stream' }
        const response = await get(addressOf(target, '/v1/events', resume.revision), headers, abort.signal)
        if (response.status !== 200 || !/^text\/event-stream\b/.test(response.type ?? ''))
          return session.end(await refusalIn(target.url, response))
        session.opened()
        const parser = sseParser(MAX_FRAME_BYTES)
        const decoder = new TextDecoder()
        for await (const chunk of response.body ?? []) {
          received += chunk.length
          for (const { data } of parser.push(decoder.decode(chunk, { stream: true }))) session.receive(data)
        }
        session.end({ reason: 'the connection was closed', blocked: session.frames === 0 })
      }
      follow().catch((error: unknown) => {
        const damaged = error instanceof HmsError
        session.end({ reason: reasonOf(error), damaged, blocked: !damaged && session.frames === 0 && !isUnreachable(error) })
      })
      return { received: () => received, drop: () => abort.abort() }
    },
  }
}

import { Agent as HttpAgent, request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { readText, SILENCE_MS } from '#libs/contracts'
import { errorOfResponse } from '../../api/problem-to-error.js'
import { sseParser } from '../../api/sse-parser.js'
import { reasonOf } from '../../api/unreachable.js'
import type { Timer } from '../../clock.js'
import { Line } from './line.js'
import {
  addressOf,
  headersOf,
  isForeignAnswer,
  isUnreachable,
  MAX_FRAME_BYTES,
  MAX_REFUSAL_BYTES,
  type SessionEnd,
  type Target,
  type Transport,
} from './transport.js'

export const POLL_MS = 5_000

/** Transport over `GET /v1/events`, for networks whose proxy blocks WebSockets. */
export function serverSentEvents(target: Target): Transport {
  return {
    firstMs: SILENCE_MS,
    silenceMs: SILENCE_MS,
    open(ask, events) {
      const address = addressOf(target, '/v1/events', ask.revision)
      const call = httpGet(address, { ...headersOf(target, ask), accept: 'text/event-stream' }, false)
      const line = new Line(events, () => call.destroy())
      const follow = async (response: IncomingMessage): Promise<void> => {
        if (response.statusCode !== 200 || !/^text\/event-stream\b/.test(response.headers['content-type'] ?? ''))
          return line.end(await refusalIn(target.url, response))
        line.opened()
        const parser = sseParser(MAX_FRAME_BYTES)
        const decoder = new TextDecoder()
        response.on('data', (chunk: Buffer) => {
          line.counted += chunk.length
          try {
            for (const { data } of parser.push(decoder.decode(chunk, { stream: true }))) line.take(data)
          } catch (error) {
            line.end({ reason: reasonOf(error), damaged: true })
          }
        })
        response.on('close', () => line.end({ reason: 'the connection was closed', blocked: line.frames === 0 }))
      }
      call.on('response', (response) => {
        response.on('error', (error) => line.end({ reason: reasonOf(error), blocked: line.frames === 0 }))
        void follow(response)
      })
      call.on('error', (error) => line.end({ reason: reasonOf(error), blocked: line.frames === 0 && !isUnreachable(error) }))
      return line
    },
  }
}

/**
 * Transport over `GET /v1/snapshot?revision=N` with `If-None-Match`, for networks whose proxy buffers incomplete responses. A poll returns
 * the missed changes, or 304, which counts as a heartbeat.
 */
export function polling(target: Target): Transport {
  return {
    firstMs: SILENCE_MS,
    // One pause plus the response time.
    silenceMs: POLL_MS + SILENCE_MS,
    open(ask, events) {
      const agent = new (target.url.startsWith('https:') ? HttpsAgent : HttpAgent)({ keepAlive: true, maxSockets: 1 })
      let { revision } = ask
      let mark: string | undefined
      let call: ClientRequest | undefined
      let pause: Timer | undefined
      const shut = (): void => {
        pause?.cancel()
        call?.destroy()
        agent.destroy()
      }
      const line = new Line(
        { ...events, frame: (frame) => ((revision = frame.revision), events.frame(frame)) },
        shut,
        () => call?.socket?.bytesRead ?? 0,
      )
      const take = async (response: IncomingMessage): Promise<void> => {
        if (response.statusCode !== 200 && response.statusCode !== 304) return line.end(await refusalIn(target.url, response))
        const text = await readText(response, MAX_FRAME_BYTES)
        line.take(response.statusCode === 304 ? JSON.stringify({ type: 'heartbeat', revision }) : text)
        mark = response.headers.etag ?? mark
        if (!line.isOver) pause = target.clock.after(POLL_MS, poll)
      }
      const poll = (): void => {
        const address = addressOf(target, '/v1/snapshot', revision)
        const known: Record<string, string> = mark === undefined || revision === undefined ? {} : { 'if-none-match': mark }
        call = httpGet(address, { ...headersOf(target, { ...ask, atLeast: revision ?? ask.atLeast }), ...known }, agent)
        call.on('response', (response) => {
          take(response).catch((error: unknown) => line.end({ reason: reasonOf(error), damaged: true }))
        })
        call.on('error', (error) => line.end({ reason: reasonOf(error), blocked: !isUnreachable(error) }))
      }
      poll()
      return line
    },
  }
}

/** Sends a GET whose socket does not keep the process alive, which `fetch` cannot do. Redirects are not followed. */
function httpGet(address: URL, headers: Record<string, string>, agent: HttpAgent | false): ClientRequest {
  const call = (address.protocol === 'https:' ? requestHttps : requestHttp)(address, { headers, agent })
  call.on('socket', (socket) => socket.unref())
  call.end()
  return call
}

/** Reads a response that came instead of frames. */
export async function refusalIn(url: string, response: IncomingMessage): Promise<SessionEnd> {
  // Truncated or endless body: only the status is used.
  const body = await readText(response, MAX_REFUSAL_BYTES).catch(() => '')
  const refused = errorOfResponse(url, response.statusCode ?? 0, response.headers['content-type'] ?? null, body)
  return { reason: refused.message, refused, blocked: isForeignAnswer(refused) }
}

import type { IncomingMessage } from 'node:http'
import { SILENCE_MS } from '#libs/contracts'
import { sseParser, type SseParser } from '../../api/sse-parser.js'
import { reasonOf } from '../../api/unreachable.js'
import { httpGet, readRefusal } from './http-get.js'
import { parseFrame } from '../parse-frame.js'
import {
  addressOf,
  headersOf,
  isForeignAnswer,
  isUnreachable,
  MAX_FRAME_BYTES,
  type Target,
  type SessionEnd,
  type Transport,
} from './transport.js'

/** Transport over `GET /v1/events`, for networks whose proxy blocks WebSockets. */
export function serverSentEvents(target: Target): Transport {
  return {
    firstMs: SILENCE_MS,
    silenceMs: SILENCE_MS,
    open(ask, events) {
      const address = addressOf(target, '/v1/events', ask.revision)
      const call = httpGet(address, { ...headersOf(target, ask), accept: 'text/event-stream' }, false)
      let received = 0
      let frames = 0
      let isOver = false
      const over = (end: SessionEnd): void => {
        if (isOver) return
        isOver = true
        call.destroy()
        events.closed(end)
      }
      const take = (text: string, parser: SseParser): void => {
        try {
          for (const { data } of parser.push(text)) {
            if (isOver) return
            frames++
            events.frame(parseFrame(data))
          }
        } catch (error) {
          over({ reason: reasonOf(error), damaged: true })
        }
      }
      const read = (response: IncomingMessage): void => {
        events.opened()
        const parser = sseParser(MAX_FRAME_BYTES)
        const decoder = new TextDecoder()
        response.on('data', (chunk: Buffer) => {
          received += chunk.length
          take(decoder.decode(chunk, { stream: true }), parser)
        })
        response.on('close', () => over({ reason: 'the connection was closed', blocked: frames === 0 }))
      }
      call.on('response', (response) => {
        response.on('error', (error) => over({ reason: reasonOf(error), blocked: frames === 0 }))
        if (response.statusCode === 200 && /^text\/event-stream\b/.test(response.headers['content-type'] ?? '')) return read(response)
        void readRefusal(target.url, response).then((error) =>
          over({ reason: error.message, refused: error, blocked: isForeignAnswer(error) }),
        )
      })
      call.on('error', (error) => over({ reason: reasonOf(error), blocked: frames === 0 && !isUnreachable(error) }))
      const drop = (): void => over({ reason: 'the connection was dropped' })
      return {
        get received() {
          return received
        },
        send: () => {},
        drop,
        close: async () => drop(),
      }
    },
  }
}

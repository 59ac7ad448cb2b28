import { HmsError } from '#libs/contracts'
import { errorOfResponse } from '../../api/problem-to-error.js'
import { sseParser } from '../../api/sse-parser.js'
import { reasonOf } from '../../api/unreachable.js'
import { readPageText, textsOf, type PageFetch } from './page-fetch.js'
import { addressOf, MAX_FRAME_CHARACTERS, type StreamRequest, type Transport, type TransportEvents } from './transport.js'

const MAX_REFUSAL_BYTES = 64 * 1024

/** Transport over `/v1/events` by `fetch`, which reports a server's refusal and sends a key. `EventSource` does neither. */
export function eventTransport(fetch: PageFetch): Transport {
  return {
    open(request, events) {
      const abort = new AbortController()
      let over = false
      const tell: TransportEvents = {
        opened: () => over || events.opened(),
        received: (bytes) => over || events.received(bytes),
        text: (text) => over || events.text(text),
        closed(failure) {
          if (over) return
          over = true
          abort.abort()
          events.closed(failure)
        },
      }
      void follow(fetch, request, abort.signal, tell).catch((error: unknown) => {
        const damaged = error instanceof HmsError && error.code === 'HMS_STREAM_OVERSIZED'
        tell.closed({ reason: reasonOf(error), ...(damaged ? { damaged } : {}) })
      })
      return {
        close() {
          over = true
          abort.abort()
        },
      }
    },
  }
}

async function follow(fetch: PageFetch, request: StreamRequest, signal: AbortSignal, events: TransportEvents): Promise<void> {
  const { url, token } = request
  const response = await fetch(addressOf('/v1/events', request).href, {
    headers: { accept: 'text/event-stream', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    cache: 'no-store',
    signal,
  })
  if (!response.ok) {
    const body = await readPageText(response, MAX_REFUSAL_BYTES).catch(() => '')
    const refused = errorOfResponse(url, response.status, response.headers.get('content-type'), body)
    return events.closed({ reason: refused.message, refused })
  }
  events.opened()
  const parser = sseParser(MAX_FRAME_CHARACTERS)
  const texts = textsOf(response, (bytes) => events.received(bytes))
  for await (const text of texts) for (const { data } of parser.push(text)) events.text(data)
  events.closed({ reason: 'the connection was closed' })
}

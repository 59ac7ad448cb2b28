import { createParser } from 'eventsource-parser'
import { HmsError } from '#libs/contracts'
import { timerMs } from '../clock.js'

export interface ServerSentEvent {
  event: string
  data: string
  /** Last event id of the stream: the id of this event, or of an earlier one if this event has none. */
  id: string
}

/** Default limit. Frames of policies have a limit of their own, `MAX_FRAME_BYTES`. */
const MAX_SSE_EVENT_CHARACTERS = 16 * 1024 * 1024

/** End of an event: two line ends in a row. */
const EVENT_ENDS = ['\n\n', '\r\r', '\n\r']

/** Returns a parser of chunks cut anywhere (WHATWG HTML §9.2.6). Throws `HMS_STREAM_OVERSIZED`, so that no event exhausts memory. */
export function sseParser(maxCharacters = MAX_SSE_EVENT_CHARACTERS): { push(chunk: string): ServerSentEvent[] } {
  let events: ServerSentEvent[] = []
  let lastId = ''
  let lastCharacter = ''
  let incomplete = 0
  const { feed } = createParser({
    onEvent: ({ event = 'message', data, id = lastId }) => {
      if (data.length > maxCharacters) throw oversized(maxCharacters)
      lastId = id
      events.push({ event, data, id })
    },
  })
  return {
    push(chunk) {
      events = []
      feed(chunk)
      const text = lastCharacter + chunk
      const end = Math.max(...EVENT_ENDS.map((each) => text.lastIndexOf(each)))
      incomplete = end < 0 ? incomplete + chunk.length : text.length - end - 2
      lastCharacter = text.slice(-1)
      if (incomplete > maxCharacters) throw oversized(maxCharacters) // guard: event-bytes
      return events
    },
  }
}

function oversized(limit: number): HmsError {
  return new HmsError('HMS_STREAM_OVERSIZED', `an event is larger than ${limit} characters`, { status: 502 })
}

export interface EventStreamOptions {
  /** Ends the stream without an error. */
  signal?: AbortSignal
  /** Timeout of the response head in ms. */
  headMs: number
  /** Time in ms without any data, comments included, after which the stream counts as broken. */
  idleMs: number
}

/** Yields the events of the response that `open` returns. Throws its errors, and `TimeoutError` for a silent stream. */
export async function* eventStream(
  open: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>,
  options: EventStreamOptions,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  const abortSilent = (): void => controller.abort(new DOMException('the stream fell silent', 'TimeoutError'))
  options.signal?.addEventListener('abort', stop, { once: true })
  if (options.signal?.aborted === true) stop()
  let watchdog = setTimeout(abortSilent, timerMs(options.headMs))
  try {
    const body = await open(controller.signal)
    clearTimeout(watchdog)
    watchdog = setTimeout(abortSilent, options.idleMs)
    const parser = sseParser()
    const decoder = new TextDecoder()
    for await (const chunk of body) {
      watchdog.refresh()
      yield* parser.push(decoder.decode(chunk, { stream: true }))
    }
  } catch (error) {
    if (options.signal?.aborted !== true) throw controller.signal.reason ?? error
  } finally {
    clearTimeout(watchdog)
    options.signal?.removeEventListener('abort', stop)
    // Also reached when the consumer stops iterating early; nothing else closes the socket then.
    stop()
  }
}

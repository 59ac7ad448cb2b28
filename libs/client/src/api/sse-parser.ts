import { createParser } from 'eventsource-parser'
import { HmsError } from '#libs/contracts'
import { timerMs } from '../clock.js'

export interface ServerSentEvent {
  event: string
  data: string
  /** Last id of the stream, this event's own or an earlier one. */
  id: string
}

/** Limit for events that are no frames, which have their own limit. */
const MAX_SSE_EVENT_CHARACTERS = 16 * 1024 * 1024

/** Two line ends in a row: the end of an event. */
const EVENT_ENDS = ['\n\n', '\r\r', '\n\r']

/**
 * Returns a parser of server-sent events (WHATWG HTML §9.2.6), whose chunks may be cut anywhere. Throws `HMS_STREAM_OVERSIZED` when an
 * event is sent in more than `maxCharacters`: a stream without line ends, or with only empty data, must not exhaust memory.
 */
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
      if (incomplete > maxCharacters) throw oversized(maxCharacters)
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
  /** Timeout of the response head, ms. */
  headMs: number
  /** Silence, including comments, after which the stream counts as broken, ms. */
  idleMs: number
}

/**
 * Yields the events of one response. `open` sends the request with the given signal and throws when it is rejected. Throws the transport's
 * errors; silence aborts with a `TimeoutError`.
 */
export async function* eventStream(
  open: (signal: AbortSignal) => Promise<Response>,
  options: EventStreamOptions,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  const fellSilent = (): void => controller.abort(new DOMException('the stream fell silent', 'TimeoutError'))
  options.signal?.addEventListener('abort', stop, { once: true })
  if (options.signal?.aborted === true) stop()
  let watchdog = setTimeout(fellSilent, timerMs(options.headMs))
  try {
    const response = await open(controller.signal)
    clearTimeout(watchdog)
    watchdog = setTimeout(fellSilent, options.idleMs)
    const parser = sseParser()
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) {
      watchdog.refresh()
      yield* parser.push(decoder.decode(chunk, { stream: true }))
    }
  } catch (error) {
    if (options.signal?.aborted !== true) throw error
  } finally {
    clearTimeout(watchdog)
    options.signal?.removeEventListener('abort', stop)
    // Also runs when the consumer leaves early: nothing else would close the socket.
    stop()
  }
}

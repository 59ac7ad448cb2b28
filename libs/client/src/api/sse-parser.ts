import { createParser } from 'eventsource-parser'
import { HmsError } from '#libs/contracts'

export interface ServerSentEvent {
  event: string
  data: string
  /** Last id of the stream, this event's own or an earlier one. */
  id: string
}

/** Limit for events that are no frames, which have their own limit. */
export const MAX_SSE_EVENT_CHARACTERS = 16 * 1024 * 1024

export interface SseParser {
  /** Returns the events that the chunk completes. Chunks may be cut anywhere. */
  push(chunk: string): ServerSentEvent[]
}

/** Two line ends in a row: the end of an event. */
const EVENT_ENDS = ['\n\n', '\r\r', '\n\r']

/**
 * Returns a parser of server-sent events (WHATWG HTML §9.2.6). Throws `HMS_STREAM_OVERSIZED` when an event is sent in more than
 * `maxCharacters`: a stream without line ends, or with only empty data, must not exhaust memory.
 */
export function sseParser(maxCharacters = MAX_SSE_EVENT_CHARACTERS): SseParser {
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

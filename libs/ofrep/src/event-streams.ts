import type { OfrepEventStream } from '#libs/contracts'

/** Inactivity after which a client may close the stream, as announced in the protocol. */
const INACTIVITY_SECONDS = 120

/** Returns the event stream of a reader as a path, so its host is the address the reader already uses. Constant for one `key`. */
export function eventStream(key?: string): OfrepEventStream {
  const requestUri = `/ofrep/v1/events${key === undefined ? '' : `?key=${key}`}`
  return { type: 'sse', endpoint: { requestUri }, inactivityDelaySec: INACTIVITY_SECONDS }
}

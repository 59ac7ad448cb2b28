import type { OfrepEventStream } from '#libs/contracts'

/** What the protocol says a client may take without activity before it lets the stream go. */
const INACTIVITY_SECONDS = 120

/** Where a reader hears of changes, by path: the address that it knows us by is its own. The same for one `key` at all times. */
export function eventStream(key?: string): OfrepEventStream {
  const requestUri = `/ofrep/v1/events${key === undefined ? '' : `?key=${key}`}`
  return { type: 'sse', endpoint: { requestUri }, inactivityDelaySec: INACTIVITY_SECONDS }
}

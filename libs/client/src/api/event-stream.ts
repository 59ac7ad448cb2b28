import { timerMs } from '../timers.js'
import { SseParser, type ServerSentEvent } from './sse-parser.js'

export interface EventStreamOptions {
  /** Ends the stream without an error. */
  signal?: AbortSignal
  /** How long the response head may take. */
  headMs: number
  /** Silence, comments included, after which the stream counts as broken. */
  idleMs: number
}

/**
 * The events of one response. `open` makes the request and throws when it is refused; it gets the signal that ends it.
 * Throws what the transport throws; silence aborts with a `TimeoutError`.
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
    const parser = new SseParser()
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
    // Also when the reader leaves early: nothing else would close the socket.
    stop()
  }
}

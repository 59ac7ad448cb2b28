import { timerMs } from '../clock.js'
import { sseParser, type ServerSentEvent } from './sse-parser.js'

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

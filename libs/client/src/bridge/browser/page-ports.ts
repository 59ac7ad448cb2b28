import type { Clock } from '../../clock.js'
import type { FramePorts } from '../frames/join-bridge.js'
import type { PageFetch } from '../page-fetch.js'
import type { PageSocket } from '../page-transports.js'

/** `setTimeout` fires immediately above 2^31−1 ms. */
const LONGEST_MS = 2 ** 31 - 1

export const pageClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(task, Math.min(Math.max(ms, 0), LONGEST_MS))
    return { cancel: () => clearTimeout(timer) }
  },
}

interface BrowserGlobals {
  fetch: PageFetch
  WebSocket: new (url: string) => PageSocket
  window?: FramePorts['page']
}

const globals = globalThis as unknown as BrowserGlobals

export const pageFetch: PageFetch = (url, options) => globals.fetch(url, options)

export function openSocket(url: string): PageSocket {
  return new globals.WebSocket(url)
}

export function pageWindow(): FramePorts['page'] | undefined {
  return globals.window
}

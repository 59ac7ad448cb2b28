import type { FramePorts } from '../frames/join-bridge.js'
import type { PageFetch } from '../page-fetch.js'
import type { PageSocket } from '../page-transports.js'

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

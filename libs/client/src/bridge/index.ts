// Entry point of the browser bundle, in which `page.ts` replaces the adapters of bytes and crypto: see apps/demo/bin/bundle-bridge.mjs.
import { systemClock } from '../clock.js'
import type { Bridge } from './bridge.js'
import { openSocket, pageFetch, pageWindow } from './browser/page-ports.js'
import { openWith, type BridgeOptions } from './open-bridge.js'

/**
 * Opens the page's single connection. Panes get only values verified by the rules of the SDK. Resolves on the first verified copy; rejects
 * with `HMS_UNREACHABLE`, or with the server's refusal.
 */
export function openBridge(options: BridgeOptions): Promise<Bridge> {
  return openWith({ clock: systemClock, fetch: pageFetch, openSocket, page: pageWindow() }, options)
}

export { HmsError } from '#libs/contracts'
export type { Bridge, HostEvents } from './bridge.js'
export { type FrameOptions } from './frames/messages.js'
export type { BridgeOptions } from './open-bridge.js'
export type { BridgeEvents, Pane, PaneMessage, PaneOptions, PolicyChanged } from './pane.js'
export { joinBridge, type JoinOptions } from './pane-entry.js'

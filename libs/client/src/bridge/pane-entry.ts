// Entry point of the bundle for frames. A frame verifies nothing, and trusts the page that embeds it.
import { HmsError } from '#libs/contracts'
import { systemClock } from '../clock.js'
import { pageWindow } from './browser/page-ports.js'
import { joinFrom, type JoinOptions } from './frames/join-bridge.js'
import type { Pane } from './pane.js'

/** Joins the bridge of the page that embeds this frame. */
export async function joinBridge(options: JoinOptions): Promise<Pane> {
  const page = pageWindow()
  if (page === undefined) throw new HmsError('HMS_BRIDGE_NO_HOST', 'This is not a page, so it cannot be a frame of one.', { status: 400 })
  return joinFrom({ page, clock: systemClock }, options)
}

export { HmsError } from '#libs/contracts'
export type { JoinOptions } from './frames/join-bridge.js'
export type { BridgeEvents, Pane, PaneMessage, PaneOptions, PolicyChanged } from './pane.js'

import type { FrameWindow, MessageFromWindow, OwnWindow } from '../frames/messages.js'

/** Window that delivers messages as a browser does: as a copy, and only if the sender named its origin or `*`. */
export class FakeWindow implements OwnWindow {
  private readonly listeners = new Set<(event: MessageFromWindow) => void>()
  /** Origins named by senders. */
  readonly targets: string[] = []

  constructor(public origin: string) {}

  addEventListener(_type: 'message', listener: (event: MessageFromWindow) => void): void {
    this.listeners.add(listener)
  }

  removeEventListener(_type: 'message', listener: (event: MessageFromWindow) => void): void {
    this.listeners.delete(listener)
  }

  deliver(data: unknown, target: string, from: { origin: string; source: unknown }): void {
    this.targets.push(target)
    if (target !== '*' && target !== this.origin) return
    for (const listener of this.listeners) listener({ data: structuredClone(data), ...from })
  }
}

/** Returns two windows, each as the other one sees it. */
export function facing(host: FakeWindow, frame: FakeWindow): { frameAtHost: FrameWindow; hostAtFrame: FrameWindow } {
  const frameAtHost: FrameWindow = {
    postMessage: (data, target) => frame.deliver(data, target, { origin: host.origin, source: hostAtFrame }),
  }
  const hostAtFrame: FrameWindow = {
    postMessage: (data, target) => host.deliver(data, target, { origin: frame.origin, source: frameAtHost }),
  }
  return { frameAtHost, hostAtFrame }
}

import type { FrameWindow, MessageFromWindow, OwnWindow } from '../frames/windows.js'

/** A window of a browser as far as messages go: it delivers a copy, and only where the origin is the one that the sender named. */
export class FakeWindow implements OwnWindow {
  private readonly listeners = new Set<(event: MessageFromWindow) => void>()
  /** Origins that senders named. */
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

/** Two windows, each as the other one holds it. */
export function facing(host: FakeWindow, frame: FakeWindow): { frameAtHost: FrameWindow; hostAtFrame: FrameWindow } {
  const frameAtHost: FrameWindow = {
    postMessage: (data, target) => frame.deliver(data, target, { origin: host.origin, source: hostAtFrame }),
  }
  const hostAtFrame: FrameWindow = {
    postMessage: (data, target) => host.deliver(data, target, { origin: frame.origin, source: frameAtHost }),
  }
  return { frameAtHost, hostAtFrame }
}

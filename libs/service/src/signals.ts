/** Notifies all instances of a service that something in its tables changed. A lost signal costs time only: listeners also poll. */
export class Signals {
  private readonly listeners = new Map<string, (() => void)[]>()

  constructor(private readonly instances: { notify(channel: string): void; onNotification(listener: (topic: string) => void): void }) {
    instances.onNotification((channel) => this.notify(channel))
  }

  /** Notifies the listeners of all instances, including this one. */
  send(channel: string): void {
    this.notify(channel)
    this.instances.notify(channel)
  }

  on(channel: string, listener: () => void): void {
    this.listeners.set(channel, [...(this.listeners.get(channel) ?? []), listener])
  }

  private notify(channel: string): void {
    for (const listener of this.listeners.get(channel) ?? []) listener()
  }
}

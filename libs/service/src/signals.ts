/** Notifies all instances of a service that something in its tables changed. A lost signal costs time only: listeners also poll. */
export class Signals {
  private readonly listeners = new Map<string, (() => void)[]>()

  constructor(private readonly others: { notify(topic: string): void; onNotification(listener: (topic: string) => void): void }) {
    others.onNotification((topic) => this.notify(topic))
  }

  /** Notifies the listeners of all instances, including this one. */
  send(topic: string): void {
    this.notify(topic)
    this.others.notify(topic)
  }

  on(topic: string, listener: () => void): void {
    this.listeners.set(topic, [...(this.listeners.get(topic) ?? []), listener])
  }

  private notify(topic: string): void {
    for (const listener of this.listeners.get(topic) ?? []) listener()
  }
}

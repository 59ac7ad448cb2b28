/** Typed listeners. An `error` without any does not end the process; what a listener throws is thrown afterwards, in a microtask. */
export class Listeners<Events> {
  private readonly byEvent = new Map<keyof Events, Set<(data: never) => void>>()

  constructor(private readonly surface: (error: unknown) => void = throwLater) {}

  on<E extends keyof Events>(event: E, listener: (data: Events[E]) => void): () => void {
    if (typeof listener !== 'function') throw new TypeError(`the listener of ${String(event)} is not a function`)
    const listeners = this.byEvent.get(event) ?? new Set()
    this.byEvent.set(event, listeners.add(listener))
    return () => listeners.delete(listener)
  }

  emit<E extends keyof Events>(event: E, data: Events[E]): void {
    for (const listener of new Set(this.byEvent.get(event))) {
      try {
        ;(listener as (data: Events[E]) => void)(data)
      } catch (error) {
        this.surface(error)
      }
    }
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}

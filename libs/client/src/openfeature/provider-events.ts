import type { AnyProviderEvent, EventContext, EventHandler, Logger, ProviderEventEmitter, ProviderEvents } from '@openfeature/server-sdk'

/** Emits the SDK's events by their string values, because the SDK's enum would have to be imported at run time. */
export class ProviderEventsEmitter implements ProviderEventEmitter<AnyProviderEvent> {
  private readonly handlers = new Map<string, EventHandler[]>()
  private logger: Logger | undefined

  /** Emits an event by its name, for callers without the enum. */
  emitNamed(event: `${ProviderEvents}`, context?: EventContext): void {
    this.emit(event as ProviderEvents, context)
  }

  /** Calls all handlers. An error of a handler is logged with the SDK's logger and does not stop the others. */
  emit(event: AnyProviderEvent, context?: EventContext): void {
    // A handler may add or remove handlers; that creates a new list and does not change this one.
    for (const handler of this.getHandlers(event)) void this.call(handler, context)
  }

  addHandler(event: AnyProviderEvent, handler: EventHandler): void {
    this.handlers.set(event, [...this.getHandlers(event), handler])
  }

  removeHandler(event: AnyProviderEvent, handler: EventHandler): void {
    const handlers = [...this.getHandlers(event)]
    const at = handlers.indexOf(handler)
    if (at !== -1) handlers.splice(at, 1)
    this.handlers.set(event, handlers)
  }

  removeAllHandlers(event?: AnyProviderEvent): void {
    if (event === undefined) this.handlers.clear()
    else this.handlers.delete(event)
  }

  getHandlers(event: AnyProviderEvent): EventHandler[] {
    return this.handlers.get(event) ?? []
  }

  setLogger(logger: Logger): this {
    this.logger = logger
    return this
  }

  private async call(handler: EventHandler, context: EventContext | undefined): Promise<void> {
    try {
      await handler(context as Parameters<EventHandler>[0])
    } catch (error) {
      this.logger?.error('Error running event handler:', error)
    }
  }
}

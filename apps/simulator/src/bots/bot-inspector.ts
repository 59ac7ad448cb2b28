import { inspectBot } from '../replay/inspect-bot.js'

/** The policies a bot's module declares, or why it cannot be registered. */
export type Inspected = Awaited<ReturnType<typeof inspectBot>>

/** Loads the module of a bot for registration. Rejects only if it could not be inspected. */
export interface BotInspector {
  inspect(source: string): Promise<Inspected>
  close(): Promise<void>
}

/** In the caller's thread, for tests: a module of endless native calls blocks it. */
export class InlineBotInspector implements BotInspector {
  inspect(source: string): Promise<Inspected> {
    return inspectBot(source)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

import { BOT_SOURCE_LIMIT, SANDBOX_LIMITS } from './limits.js'
import { BotSandbox } from './sandbox.js'

export interface BotInvalid {
  code: 'HMS_BOT_INVALID'
  message: string
}

/** Returns the declarations of a bot's module, or why it cannot be registered. Loads it in a sandbox, and calls none of its functions. */
export async function inspectBot(source: string): Promise<{ policies: string[] } | { error: BotInvalid }> {
  const bytes = Buffer.byteLength(source)
  if (bytes > BOT_SOURCE_LIMIT) return invalid(`${bytes} bytes; at most ${BOT_SOURCE_LIMIT}`)
  const sandbox = await BotSandbox.open(SANDBOX_LIMITS, () => false)
  try {
    const loaded = sandbox.load(source)
    return 'stop' in loaded ? invalid(loaded.stop.message) : { policies: loaded.policies.toSorted() }
  } catch {
    return invalid(sandbox.failed().message)
  }
}

function invalid(message: string): { error: BotInvalid } {
  return { error: { code: 'HMS_BOT_INVALID', message } }
}

export type Inspected = Awaited<ReturnType<typeof inspectBot>>

/** Loads the module of a bot for registration. Rejects only if it could not be inspected. */
export interface BotInspector {
  inspect(source: string): Promise<Inspected>
  close(): Promise<void>
}

/** Inspects modules in the caller's thread, for tests. A module of endless native calls blocks that thread. */
export class InlineBotInspector implements BotInspector {
  inspect(source: string): Promise<Inspected> {
    return inspectBot(source)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

import { BOT_SOURCE_LIMIT, SANDBOX_LIMITS } from './limits.js'
import { BotSandbox } from './sandbox.js'

export interface BotInvalid {
  code: 'HMS_BOT_INVALID'
  message: string
}

/** What a bot's module declares, or why it cannot be registered. Loads it in a sandbox, calls nothing of it. */
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

import { connect, type HmsConnection } from '#libs/client'

const REGIONS = ['NCR', 'NCR', 'NCR', 'VA'] as const

/** A connected bot, as the oracles see it. */
export interface BotReader {
  bot: string
  region: string
  connection: Pick<HmsConnection, 'ids' | 'get'>
}

export type ConnectedReader = BotReader & { connection: HmsConnection }

/** Connects four bots that reconnect after faults; the canary and the rollout wait for their acknowledgements. */
export async function connectReaders(url: string): Promise<ConnectedReader[]> {
  return Promise.all(
    REGIONS.map(async (region, index) => {
      const bot = `bot-${index}`
      return { bot, region, connection: await connect({ url, bot, region, timeoutMs: 30_000 }) }
    }),
  )
}

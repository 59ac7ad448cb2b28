import { connect, type HmsConnection } from '#libs/client'

const REGIONS = ['NCR', 'NCR', 'NCR', 'VA'] as const

/** What an oracle asks a bot. */
export interface BotReader {
  bot: string
  region: string
  connection: Pick<HmsConnection, 'ids' | 'get'>
}

export type ConnectedReader = BotReader & { connection: HmsConnection }

/** A handful of bots that stay connected as well as they can; the canary and the rollout wait for what they acknowledge. */
export async function connectReaders(url: string): Promise<ConnectedReader[]> {
  return Promise.all(
    REGIONS.map(async (region, index) => {
      const bot = `bot-${index}`
      return { bot, region, connection: await connect({ url, bot, region, timeoutMs: 30_000 }) }
    }),
  )
}

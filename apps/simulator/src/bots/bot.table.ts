import type { BotSummary } from '#libs/contracts'
import { documentTable } from '#libs/persistence'

export interface RegisteredBot extends BotSummary {
  source: string
}

export const BOTS = documentTable<RegisteredBot>({ name: 'bot', id: (bot) => bot.id, keys: {} })
export const MAX_BOTS = 1_000

import { documentTable } from '#libs/persistence'

export interface RegisteredBot {
  id: string
  source: string
  digest: string
  /** Policies it declares to read. */
  policies: string[]
  critical: boolean
  addedAt: string
}

export const BOTS = documentTable<RegisteredBot>({ name: 'bot', id: (bot) => bot.id, keys: {} })
export const MAX_BOTS = 1_000

import { documentTable } from '#libs/persistence'
import { digestOfJson } from '#libs/signing'

/** Ids of accepted alerts: an alert reported twice counts once. */
export interface AcceptedAlert {
  id: string
  receivedAt: string
}

export const ALERT_INBOX = documentTable<AcceptedAlert>({
  name: 'alert_inbox',
  id: (alert) => alert.id,
  keys: {},
  indexes: [['put_at']],
  keep: { for: 'repeats' },
})

/** Returns the inbox id of an alert. It contains the bot, because bots choose their alert ids and must not use up another bot's. */
export function inboxId({ bot, id }: { bot: string; id: string }): string {
  return digestOfJson([bot, id]) // guard: alert-inbox-of-bot
}

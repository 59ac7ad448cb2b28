import { documentTable } from '#libs/persistence'
import { digestOfJson } from '#libs/signing'

/** Ids of alerts that were accepted: an alert told twice counts once. */
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

/** Bots choose their ids, and none may take another's from it. */
export function inboxId({ bot, id }: { bot: string; id: string }): string {
  return digestOfJson([bot, id])
}

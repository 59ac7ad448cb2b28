import { peekPredicate, type Envelope } from '#libs/contracts'

/** Data of an event, from the signed statement that is its value. */
export function decode<T>(value: string): T {
  return peekPredicate<{ data: T }>(JSON.parse(value) as Envelope).data
}

/** The same in SQL, over a column `value`: a long run's outboxes are better read where they lie. */
export const DATA = `(convert_from(decode(value::jsonb->>'payload', 'base64'), 'UTF8')::jsonb#>'{predicate,data}')`

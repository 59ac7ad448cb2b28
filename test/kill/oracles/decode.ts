import { peekPredicate, type Envelope } from '#libs/contracts'

/** Data of an event, from the signed statement that is its value. */
export function decode<T>(value: string): T {
  return peekPredicate<{ data: T }>(JSON.parse(value) as Envelope).data
}

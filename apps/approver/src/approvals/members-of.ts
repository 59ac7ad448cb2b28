import { digestOfJson } from '#libs/signing'
import type { ParsedPolicy } from './parse-policies.js'

/** Characters of a key that people may still read. */
const LONGEST_KEY = 1_000

/** The same for the same policies; of many their digest, for it is looked up by an index. */
export function membersOf(policies: Pick<ParsedPolicy, 'digest'>[]): string {
  const members = policies
    .map(({ digest }) => digest)
    .sort()
    .join(' ')
  return members.length > LONGEST_KEY ? digestOfJson(members) : members
}

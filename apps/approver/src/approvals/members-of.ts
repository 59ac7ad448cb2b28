import { digestOfJson } from '#libs/signing'
import type { ParsedPolicy } from './parse-policies.js'

/** Maximum length of a readable key in characters. */
const LONGEST_KEY = 1_000

/** Returns a key of the policies: equal for equal policies; a digest for many, because an index has it. */
export function membersOf(policies: Pick<ParsedPolicy, 'digest'>[]): string {
  const members = policies
    .map(({ digest }) => digest)
    .sort()
    .join(' ')
  return members.length > LONGEST_KEY ? digestOfJson(members) : members
}

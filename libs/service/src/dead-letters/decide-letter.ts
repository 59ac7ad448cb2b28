import { action, HmsError, LETTER_DECISIONS, MAX_REASON, type Envelope } from '#libs/contracts'
import type { DeadLetter } from '#libs/messaging'
import { digestOfJson, isSignedLately, letterDecision, orRefusal, readDecision, SignatureError, type Roster } from '#libs/signing'
import type { ServiceRuntime } from '../service-runtime.js'

/** Digest that a signed decision names. The tries are part of it, so a statement does not count again after its replay failed. */
export function digestOfLetter(letter: DeadLetter, { installation }: Roster): string {
  const { group, id, topic, position, key, value, headers, raw = null, tries } = letter
  return digestOfJson({ installation, group, id, topic, position, key, value, headers, raw, tries })
}

/**
 * Replays or discards a letter by a person's signed decision, at most ten minutes old. Throws 403 `HMS_DEAD_LETTER_SIGNATURE_INVALID`,
 * `_STATEMENT_EXPIRED` and `_NOT_ALLOWED` (no role in the roster), 409 `_OTHER` (other letter, act or content) and `_CLOSED`.
 */
export async function decideLetter({ consumer, database, rosters }: ServiceRuntime, id: string, statement: Envelope): Promise<DeadLetter> {
  const roster = rosters.newest
  const read = orRefusal(() => readDecision(statement, roster.keysOfKind('person')))
  const showRoster = { status: 403, next: [action('roster.show')] }
  if (read instanceof SignatureError)
    throw new HmsError('HMS_DEAD_LETTER_SIGNATURE_INVALID', `The statement does not count: ${read.detail}.`, { ...showRoster, cause: read })
  const [keyid] = read.keyids as [string]
  const { subject, decision, reason, at } = read.predicate
  const person = roster.principalOfKey(keyid)!
  // guard: letter-needs-role
  if (roster.rolesOf(person.id).length === 0)
    throw new HmsError('HMS_DEAD_LETTER_NOT_ALLOWED', `${person.name} has no role in the roster.`, showRoster)
  const letter = await consumer.letters.get(id)
  const next = [action('dlq.show', { letter: `${letter.group}/${id}` })]
  const now = await database.transaction(async (tx) => tx.now)
  // guard: letter-decided-lately
  if (!isSignedLately(at, now) || !roster.isLive(keyid, now.toISOString())) {
    const detail = 'It was signed more than ten minutes ago, by another clock, or by a key that is no longer valid. Sign it again.'
    throw new HmsError('HMS_DEAD_LETTER_STATEMENT_EXPIRED', detail, { status: 403, next })
  }
  const named = { service: letter.group, id, digest: subject }
  const act = LETTER_DECISIONS.find((each) => letterDecision(each, named).decision === decision)
  const check = (locked: DeadLetter): void => {
    // guard: letter-content
    if (act !== undefined && subject === digestOfLetter(locked, roster) && reason.length <= MAX_REASON) return
    const bound = `or its reason has more than ${MAX_REASON} characters`
    const detail = `The statement is about another letter or act, the letter was tried since, ${bound}. Read the letter, then sign again.`
    throw new HmsError('HMS_DEAD_LETTER_OTHER', detail, { status: 409, next })
  }
  const signed = { statement, check }
  return act === 'replay' ? consumer.replay(id, person.name, signed) : consumer.letters.discard(id, person.name, reason, signed)
}

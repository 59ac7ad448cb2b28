import { action, BY_BUILD, command, HmsError, topicByName, type VerifiedEvent } from '#libs/contracts'
import type { Database, Transaction } from '#libs/persistence'
import { describeError, isTransient, type Logger, VERSION } from '#libs/platform'
import type { Roster } from '#libs/signing'
import { openRecord } from '../cloud-event.js'
import type { EventSeal } from '../event-seal.js'
import { aggregateKeysOf } from '../aggregate-keys.js'
import { codeOf } from './code-of.js'
import type { DeadLetterBox, SignedDecision } from './dead-letter-box.js'
import type { DeadLetter } from './dead-letter.table.js'
import { recordOfLetter } from './letter-content.js'
import { isTimerLetter, timerOfLetter, type ReplayTimer } from './timer-dead-letter.js'
import { isOfNewerBuild } from './newer-build.js'

export interface ReplayDependencies {
  letters: DeadLetterBox
  database: Database
  roster: Roster
  seal?: EventSeal
  /** Runs the service's handler; returns the outcome of the event. */
  run(event: VerifiedEvent, tx: Transaction): Promise<string>
  replayTimer?: ReplayTimer
}

/**
 * Runs the handler on a dead letter, regardless of its stream position; the handler's own guards decide whether it is still relevant. The
 * handler's changes and the closing of the letter are one transaction; of two concurrent replays, the second finds it closed.
 */
export async function replayLetter(deps: ReplayDependencies, id: string, by: string, signed?: SignedDecision): Promise<DeadLetter> {
  const { letters, database } = deps
  const { keys, run } = replayOf(await letters.get(id), deps)
  let isHandled = false
  try {
    return await database.locked(keys, async (tx) => {
      const letter = await letters.openLetter(tx, id, signed)
      // Set before the handler runs, because the database may reject its writes as late as at the commit.
      isHandled = true
      return letters.close(tx, letter, 'replayed', { by, reason: await run(tx), statement: signed?.statement })
    })
  } catch (error) {
    if (!isHandled || isTransient(error)) throw error // guard: replay-refused-late
    throw await letters.recordFailedReplay(id, codeOf(error), describeError(error))
  }
}

/** Returns the lock keys of the letter and the function that replays it. */
function replayOf(
  letter: DeadLetter,
  { roster, seal, run, replayTimer }: ReplayDependencies,
): { keys: string[]; run(tx: Transaction): Promise<string> } {
  if (replayTimer !== undefined && isTimerLetter(letter)) {
    const timer = timerOfLetter(letter)
    return { keys: timer.keys, run: (tx) => replayTimer(tx, timer) }
  }
  const event = eventOf(letter, roster, seal)
  return { keys: aggregateKeysOf(event), run: (tx) => run(event, tx) }
}

/** Returns the event of a letter after verifying the stored record again. Throws `HMS_DEAD_LETTER_UNVERIFIED`. */
function eventOf(letter: DeadLetter, roster: Roster, seal?: EventSeal): VerifiedEvent {
  const opened = openRecord(recordOfLetter(letter), topicByName(letter.topic).producers, roster, seal)
  if (opened.ok && letter.state !== 'ignored') return opened.event
  const detail = opened.ok ? letter.detail : opened.detail
  throw new HmsError(
    'HMS_DEAD_LETTER_UNVERIFIED',
    `The record is not a verified event of a service (${detail}); it cannot be replayed, only discarded.`,
    { status: 422, next: [action('dlq.discard', { letter: `${letter.group}/${letter.id}` })] },
  )
}

/** Maximum number of newest letters to check at a start; `dlq replay` handles the rest. */
const MAX_LETTERS = 1_000

/** Replays letters of newer builds at start, oldest first. Unreadable letters stay open; those replayed elsewhere are skipped. */
export async function replayLettersOfNewerBuilds(
  letters: DeadLetterBox,
  log: Logger,
  replay: (id: string, by: string) => Promise<unknown>,
): Promise<void> {
  const waiting = (await letters.list(['waiting'], MAX_LETTERS)).filter(({ code }) => isOfNewerBuild(code)).toReversed()
  for (const { id, group, topic, run } of waiting) {
    const fields = { service: group, letter: id, topic, run }
    try {
      await replay(id, `${BY_BUILD}${VERSION}`)
      log.info(fields, 'dead letter of a newer build replayed')
    } catch (error) {
      log.warn(
        { ...fields, error: describeError(error), next: command('dlq.show', { letter: `${group}/${id}` }) },
        'dead letter of a newer build could not be replayed; it stays open',
      )
    }
  }
}

import type { ReceivedEvent } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { TerminalError } from '#libs/platform'
import { SignatureError, type Roster } from '#libs/signing'
import type { Rosters } from './rosters.js'
import { keepRoster, ROSTERS } from './roster.table.js'
import type { Signals } from '../signals.js'

export const ROSTER_TOPIC = 'hms.roster.v1'
/** Notifies the other instances of a service that its table of rosters grew. */
export const ROSTERS_CHANGED = 'rosters'

/**
 * Handles `hms.roster.v1` in services other than approver: verifies the step against the service's own chain, stores it, and uses it.
 * Throws `TerminalError` for an invalid step, which becomes a dead letter: the roster in force stays.
 */
export async function followRoster(
  { data: { version, envelope } }: ReceivedEvent<'hms.roster.rotated.v1'>,
  tx: Transaction,
  book: Rosters,
  signals: Pick<Signals, 'send'>,
): Promise<void> {
  // Another instance may have handled the steps before.
  if (version > book.newest.version + 1) await book.catchUp(tx)
  if (version <= book.newest.version) {
    const kept = await tx.documents(ROSTERS).get(String(version))
    if (kept === undefined || kept.envelope.payload === envelope.payload) return
    throw new TerminalError('HMS_ROSTER_VERSION', `another roster ${version} is known here; this one is not taken`)
  }
  await takeRoster(tx, verified(book, envelope), book, signals)
}

/** Stores a verified step; it is in force once the transaction is committed. */
export async function takeRoster(tx: Transaction, roster: Roster, book: Rosters, signals: Pick<Signals, 'send'>): Promise<void> {
  await keepRoster(tx, roster)
  tx.afterCommit(() => {
    book.advance(roster)
    signals.send(ROSTERS_CHANGED)
  })
}

function verified(book: Rosters, envelope: unknown): Roster {
  try {
    return book.verify(envelope)
  } catch (error) {
    if (error instanceof SignatureError) throw new TerminalError(error.code, error.detail)
    throw error
  }
}

import type { Database, Transaction } from '#libs/persistence'
import { nextRoster, type Roster, orRefusal, SignatureError } from '#libs/signing'
import { putRoster, ROSTERS, rostersAfter } from './roster.table.js'
import { ROSTERS_AT_ONCE, type ReceivedEvent } from '#libs/contracts'
import { type Clock, describeError, FailureStreak, type Logger, PeriodicTask, TerminalError } from '#libs/platform'
import type { Signals } from '../signals.js'

/** Newest roster verified by a service, step by step from the pinned one. Read it at every use: it changes while the service runs. */
export class Rosters {
  private current: Roster = this.pinned
  private readonly listeners: (() => void)[] = []

  constructor(readonly pinned: Roster) {}

  get newest(): Roster {
    return this.current
  }

  /** Verifies a successor of the newest roster; throws as `nextRoster` does. Nothing changes before `advance`. */
  verify(envelope: unknown): Roster {
    return nextRoster(this.current, envelope)
  }

  advance(verified: Roster): void {
    if (verified.version <= this.current.version) return
    this.current = verified
    for (const listener of this.listeners) listener()
  }

  /** Registers a listener, for code that keeps a resource open that the roster names; all other code reads `newest` at every use. */
  onAdvance(listener: () => void): void {
    this.listeners.push(listener)
  }

  /** Applies the steps stored by this or another instance; returns whether there were any. Throws at a step that does not verify. */
  async catchUp(tx: Transaction): Promise<boolean> {
    const before = this.current.version
    for (;;) {
      const steps = await rostersAfter(tx, this.current.version)
      for (const { version, envelope } of steps) if (version > this.current.version) this.advance(this.verify(envelope))
      if (steps.length < ROSTERS_AT_ONCE) return this.current.version > before
    }
  }
}

export const ROSTER_TOPIC = 'hms.roster.v1'
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
  // Another instance may have handled the steps before this one.
  if (version > book.newest.version + 1) await book.catchUp(tx)
  if (version <= book.newest.version) {
    const stored = await tx.documents(ROSTERS).get(String(version))
    if (stored === undefined || stored.envelope.payload === envelope.payload) return
    throw new TerminalError('HMS_ROSTER_VERSION', `another roster ${version} is already stored; this one is rejected`)
  }
  await storeRoster(tx, verified(book, envelope), book, signals)
}

/** Stores a verified step; it is in force once the transaction is committed. */
export async function storeRoster(tx: Transaction, roster: Roster, book: Rosters, signals: Pick<Signals, 'send'>): Promise<void> {
  await putRoster(tx, roster)
  tx.afterCommit(() => {
    book.advance(roster)
    signals.send(ROSTERS_CHANGED)
  })
}

function verified(book: Rosters, envelope: unknown): Roster {
  const roster = orRefusal(() => book.verify(envelope))
  if (!(roster instanceof SignatureError)) return roster
  throw new TerminalError(roster.code, roster.detail)
}

/** Polling intervals, for signals lost with their session: normal, and until the pinned roster is stored. */
const POLL_MS = 30_000
const RETRY_MS = 1_000

/** Synchronises the `Rosters` of a service with the service's table: at the start, on notification, and every half minute. */
export class RosterReader {
  private isPinnedStored = false
  private readonly failures = new FailureStreak((inARow, _alarm, error) => {
    if (inARow === 0) return
    const [level, what] =
      error instanceof SignatureError
        ? (['error', 'a stored roster is not a valid successor'] as const)
        : ([inARow === 1 ? 'warn' : 'debug', 'stored rosters could not be read'] as const)
    const fields = { roster: this.book.newest.version, error: describeError(error) }
    this.log[level](fields, `${what}; the newest verified roster stays in force`)
  })
  readonly polls = new PeriodicTask(this.clock, {
    everyMs: () => (this.isPinnedStored ? POLL_MS : RETRY_MS),
    run: () => this.poll(),
    failed: (error) => this.failures.failed(error),
  })

  constructor(
    private readonly book: Rosters,
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  /** Polls; returns whether there was a newer roster. Never throws: without the table there is no roster, without database no decision. */
  async poll(): Promise<boolean> {
    try {
      if (!this.isPinnedStored) await this.storePinned()
      const isNewer = await this.database.autocommit((tx) => this.book.catchUp(tx))
      this.failures.succeeded()
      return isNewer
    } catch (error) {
      this.failures.failed(error)
      return false
    }
  }

  /** Stores the pinned roster as the start of the chain, for readers that stay pinned to it longer than this service. */
  private async storePinned(): Promise<void> {
    await this.database.autocommit((tx) => putRoster(tx, this.book.pinned))
    this.isPinnedStored = true
  }
}

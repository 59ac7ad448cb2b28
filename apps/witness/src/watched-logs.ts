import { describeError, type Clock, type Logger } from '#libs/platform'
import type { NoteKey, Roster } from '#libs/signing'
import type { WitnessLink } from '#libs/witness'

/** Minimum interval in ms between reads of the file caused by requests. */
const PAUSE_MS = 1_000

export interface WatchedLogsOptions {
  roster: Roster
  /** Reads the roster file again; rejects if it is invalid. */
  read(): Promise<Roster>
  clock: Clock
  log: Logger
}

/**
 * Logs that a witness signs for, from its pinned roster file: its operator decides which logs it watches, so no service is queried. After a
 * rotation the operator replaces the file. It is read again when a checkpoint arrives that the known roster cannot verify.
 */
export class WatchedLogs {
  private roster: Roster
  private lookedAt = Number.NEGATIVE_INFINITY

  constructor(private readonly options: WatchedLogsOptions) {
    this.roster = options.roster
  }

  /** Returns the key of the log, and keys of earlier logs that have not expired. */
  keys(): NoteKey[] {
    const now = this.options.clock.now().getTime()
    return this.roster.logPolicies.filter(({ until }) => until === undefined || now < until).map(({ log }) => log)
  }

  /** Reads the file again, at most once in `PAUSE_MS`; returns whether its roster is newer. An unreadable file is only logged. */
  async renew(): Promise<boolean> {
    const { clock, log, read } = this.options
    const now = clock.elapsedMs()
    if (now - this.lookedAt < PAUSE_MS) return false
    this.lookedAt = now
    try {
      const roster = await read()
      if (roster.version <= this.roster.version) return false
      this.roster = roster
      log.info({ roster: roster.version }, 'the roster file has a newer roster')
      return true
    } catch (error) {
      log.warn(
        { error: describeError(error), roster: this.roster.version },
        'the roster file cannot be read as a roster; the known one stays',
      )
      return false
    }
  }
}

/** Wraps a witness: before it refuses a checkpoint with 403 or 404, reads the roster file again, and retries if its roster is newer. */
export function withRosterRefresh(witness: WitnessLink, logs: WatchedLogs): WitnessLink {
  return {
    key: witness.key,
    addCheckpoint: async (text) => {
      const answer = await witness.addCheckpoint(text)
      if (answer.status !== 403 && answer.status !== 404) return answer
      return (await logs.renew()) ? witness.addCheckpoint(text) : answer
    },
    newestCheckpoint: async (origin) => witness.newestCheckpoint?.(origin),
  }
}

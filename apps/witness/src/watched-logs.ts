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
 * Logs of the roster file that a witness is pinned to. The operator of the witness decides what it watches, so no service is queried: after
 * a rotation the operator replaces the file, and it is read when a checkpoint arrives that the known roster cannot verify.
 */
export class WatchedLogs {
  private roster: Roster
  private lookedAt = Number.NEGATIVE_INFINITY

  constructor(private readonly options: WatchedLogsOptions) {
    this.roster = options.roster
  }

  /** Returns the keys of the log, and earlier ones that have not expired. */
  keys(): NoteKey[] {
    const now = this.options.clock.now().getTime()
    return this.roster.logPolicies.filter(({ until }) => until === undefined || now < until).map(({ log }) => log)
  }

  /** Returns whether the file has a newer roster now. An unreadable file changes nothing. */
  async renew(): Promise<boolean> {
    const { clock, log, read } = this.options
    const now = clock.now().getTime()
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

/** Returns the witness as one that checks for a newer roster before it refuses an unknown log. */
export function renewing(witness: WitnessLink, logs: WatchedLogs): WitnessLink {
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

import { describeError, type Clock, type Logger } from '#libs/platform'
import type { NoteKey, Roster } from '#libs/signing'
import type { WitnessAnswer, WitnessLink } from '#libs/witness'

/** How often a sender may make us read the file. */
const PAUSE_MS = 1_000

export interface WatchedLogsOptions {
  /** As it was read at the start. */
  roster: Roster
  /** Reads the file of the roster again; rejects with what is wrong with it. */
  read(): Promise<Roster>
  clock: Clock
  log: Logger
}

/**
 * The logs of the roster file that a witness is pinned to. Whoever runs the witness decides what it watches, so it asks nobody: after
 * a rotation the new roster is put in the file's place, and it is read when a checkpoint comes that the known one cannot judge.
 */
export class WatchedLogs {
  private roster: Roster
  private lookedAt = Number.NEGATIVE_INFINITY

  constructor(private readonly options: WatchedLogsOptions) {
    this.roster = options.roster
  }

  /** Keys of the log, and of those before it whose time is not over. */
  keys(): NoteKey[] {
    const now = this.options.clock.now().getTime()
    return this.roster.logPolicies.filter(({ until }) => until === undefined || now < until).map(({ log }) => log)
  }

  /** Answers whether the file has a newer roster now. What cannot be read changes nothing. */
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

/** A witness that looks for a newer roster before it turns away a log that it does not know. */
export class RenewingWitness implements WitnessLink {
  constructor(
    private readonly witness: WitnessLink,
    private readonly logs: WatchedLogs,
  ) {}

  get key(): NoteKey {
    return this.witness.key
  }

  async addCheckpoint(text: string): Promise<WitnessAnswer> {
    const answer = await this.witness.addCheckpoint(text)
    if (answer.status !== 403 && answer.status !== 404) return answer
    return (await this.logs.renew()) ? this.witness.addCheckpoint(text) : answer
  }

  async newestCheckpoint(origin: string): Promise<string | undefined> {
    return this.witness.newestCheckpoint?.(origin)
  }
}

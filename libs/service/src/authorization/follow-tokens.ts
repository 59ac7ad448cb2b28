import type { ReceivedEvent } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { describeError, FailureStreak, PeriodicTask, type Clock } from '#libs/platform'
import type { TokenService } from './verified-tokens.js'
import { withoutSignature, type TOKEN_EVENTS } from './signed-token.js'
import type { TokenBook } from './token-book.js'
import { storeToken, MAX_TOKENS, TOKENS, type StoredToken } from './token.table.js'
import type { Concerns } from '../concerns.js'
import type { Signals } from '../signals.js'

export const TOKENS_CHANGED = 'tokens'
type Table = { source: FollowedService; rows: StoredToken[] }

/** Polling intervals, for signals lost with their session: normal, and after a failed read. */
const POLL_MS = 10_000
const RETRY_MS = 1_000

type TokenEvent = ReceivedEvent<(typeof TOKEN_EVENTS)[number]>

/** Handles `hms.token.v1` in services other than approver: stores the record and notifies the other instances. */
export async function followToken({ data, envelope }: TokenEvent, tx: Transaction, signals: Pick<Signals, 'send'>): Promise<void> {
  await storeToken(tx, withoutSignature(data.token), envelope)
  tx.afterCommit(() => signals.send(TOKENS_CHANGED))
}

export interface FollowedService extends TokenService {
  clock: Clock
  signals: Pick<Signals, 'on'>
  concerns: Pick<Concerns, 'add'>
}

/** Synchronises a process's token book with the tables of its services: at the start, on notification, and every ten seconds. */
export class TokenReader {
  private polls: PeriodicTask | undefined
  private isFailing = false
  private readonly failures = new FailureStreak((inARow, _alarm, error) => {
    this.isFailing = inARow > 0
    const level = inARow === 1 ? 'warn' : 'debug'
    if (this.isFailing)
      this.services[0]?.log[level]({ error: describeError(error) }, 'API keys could not be read; keys already loaded stay valid')
  })
  private stopped = false
  private wasTopicRead = false
  private copying = false

  constructor(
    private readonly book: TokenBook,
    private readonly services: readonly FollowedService[],
  ) {}

  /** Loads the keys. Called before the server listens, so that every key is known from the first request on. */
  async start(): Promise<void> {
    const [first] = this.services
    if (first === undefined) return
    // One read at a time: an older view must not replace a newer one.
    const polls = (this.polls = new PeriodicTask(first.clock, {
      everyMs: () => (this.isFailing ? RETRY_MS : POLL_MS),
      run: () => this.read(),
      failed: (error) => this.failures.failed(error),
    }))
    for (const service of this.services) service.signals.on(TOKENS_CHANGED, () => polls.wake())
    await this.read()
    if (this.stopped) return
    first.concerns.add(() => this.book.verified.concerns)
    polls.start()
  }

  stop(): void {
    this.stopped = true
    void this.polls?.stop()
  }

  private async read(): Promise<void> {
    try {
      const { verified } = this.book
      let tables = await this.tables()
      // Rows stored without a signature by an older build get it from the topic before the first request.
      if (
        !this.wasTopicRead &&
        tables.some(({ rows }) => rows.some(({ signed }) => signed === undefined)) &&
        (await this.copySignatures(tables))
      )
        tables = await this.tables()
      this.book.replaceAll(verified.verify(tables))
      this.failures.succeeded()
      // Reads the topic too: a key revoked there stays revoked, whatever the rows contain.
      if (!this.wasTopicRead || verified.needsTopicRead(tables)) void this.copyInBackground(tables)
    } catch (error) {
      this.failures.failed(error)
    }
  }

  private tables(): Promise<Table[]> {
    const read = async (source: FollowedService): Promise<Table> => ({
      source,
      rows: await source.database.autocommit((tx) => tx.documents(TOKENS).find({ limit: 2 * MAX_TOKENS })),
    })
    return Promise.all(this.services.map(read))
  }

  private async copyInBackground(tables: readonly Table[]): Promise<void> {
    const isFirst = !this.wasTopicRead
    const isCopied = await this.copySignatures(tables)
    if (isCopied || (isFirst && this.wasTopicRead)) this.polls?.wake()
  }

  /** Copies signatures from the topic into rows; returns whether any was copied. Returns `false` while another read is running. */
  private async copySignatures(tables: readonly Table[]): Promise<boolean> {
    if (this.copying) return false
    this.copying = true
    try {
      const isCopied = await this.book.verified.copySignatures(tables)
      this.wasTopicRead = true
      return isCopied
    } catch (error) {
      this.services[0]?.log.debug({ error: describeError(error) }, 'the topic of API keys could not be read; retrying')
      return false
    } finally {
      this.copying = false
    }
  }
}

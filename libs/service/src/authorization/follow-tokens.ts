import type { ReceivedEvent } from '#libs/contracts'
import type { Transaction } from '#libs/persistence'
import { describeError, PeriodicTask, type Clock } from '#libs/platform'
import type { TokenSource } from './believed-tokens.js'
import { plainToken, type TOKEN_EVENTS } from './signed-token.js'
import type { TokenBook } from './token-book.js'
import { keepToken, MAX_TOKENS, TOKENS, type StoredToken } from './token.table.js'
import type { Concerns } from '../concerns.js'
import type { Signals } from '../signals.js'

/** Signal to the other instances of a service that its table of API keys changed. */
export const TOKENS_CHANGED = 'tokens'
type Table = { source: FollowedService; rows: StoredToken[] }

/** Polling intervals, for signals lost with their session: normal, and after a failed read. */
const LOOK_AGAIN_MS = 10_000
const LOOK_SOON_MS = 1_000

type TokenEvent = ReceivedEvent<(typeof TOKEN_EVENTS)[number]>

/** Handles `hms.token.v1` in services other than approver: stores the record and notifies the other instances. */
export async function followToken({ data, envelope }: TokenEvent, tx: Transaction, signals: Pick<Signals, 'send'>): Promise<void> {
  await keepToken(tx, plainToken(data.token), envelope)
  tx.afterCommit(() => signals.send(TOKENS_CHANGED))
}

/** Part of each service that the reader needs. */
export interface FollowedService extends TokenSource {
  clock: Clock
  signals: Pick<Signals, 'on'>
  concerns: Pick<Concerns, 'add'>
}

/** Synchronises a process's token book with the tables of its services: at the start, on notification, and every ten seconds. */
export class TokenReader {
  private reading: Promise<void> | undefined
  private again = false
  private looks: PeriodicTask | undefined
  private wasRead = false
  private stopped = false
  private wasTopicRead = false
  private adopting = false

  constructor(
    private readonly book: TokenBook,
    private readonly services: readonly FollowedService[],
  ) {}

  /** Loads the keys. Called before the server listens, so that every key is known from the first request on. */
  async start(): Promise<void> {
    for (const service of this.services) service.signals.on(TOKENS_CHANGED, () => void this.read())
    await this.read()
    const [first] = this.services
    if (first === undefined || this.stopped) return
    first.concerns.add(() => this.book.believed.concerns)
    this.looks = new PeriodicTask(first.clock, {
      everyMs: () => (this.wasRead ? LOOK_AGAIN_MS : LOOK_SOON_MS),
      run: () => this.read(),
      failed: (error) => this.failed(error),
    })
    this.looks.start()
  }

  stop(): void {
    this.stopped = true
    void this.looks?.stop()
  }

  /** Reads one at a time: an older view must not replace a newer one. */
  private read(): Promise<void> {
    this.again = true
    return (this.reading ??= this.readUntilDone())
  }

  private async readUntilDone(): Promise<void> {
    while (this.again && !this.stopped) {
      this.again = false
      await this.readOnce()
    }
    this.reading = undefined
  }

  private async readOnce(): Promise<void> {
    try {
      const { believed } = this.book
      let tables = await this.tables()
      // Rows stored without a signature by an older build get it from the topic before the first request.
      if (!this.wasTopicRead && tables.some(({ rows }) => rows.some(({ signed }) => signed === undefined)) && (await this.adopt(tables)))
        tables = await this.tables()
      this.book.learn(believed.of(tables))
      this.wasRead = true
      // Reads the topic too: a key revoked there stays revoked, whatever the rows contain.
      if (!this.wasTopicRead || believed.wants(tables)) void this.adoptLater(tables)
    } catch (error) {
      this.failed(error)
    }
  }

  private tables(): Promise<Table[]> {
    const read = async (source: FollowedService): Promise<Table> => ({
      source,
      rows: await source.database.autocommit((tx) => tx.documents(TOKENS).find({ limit: 2 * MAX_TOKENS })),
    })
    return Promise.all(this.services.map(read))
  }

  private async adoptLater(tables: readonly Table[]): Promise<void> {
    const isFirst = !this.wasTopicRead
    const isAdopted = await this.adopt(tables)
    if ((isAdopted || (isFirst && this.wasTopicRead)) && !this.stopped) await this.read()
  }

  /** Copies signatures from the topic into rows; returns whether any was copied. Returns `false` while another read is running. */
  private async adopt(tables: readonly Table[]): Promise<boolean> {
    if (this.adopting) return false
    this.adopting = true
    try {
      const isAdopted = await this.book.believed.adopt(tables)
      this.wasTopicRead = true
      return isAdopted
    } catch (error) {
      this.services[0]?.log.debug({ error: describeError(error) }, 'the topic of keys is read later')
      return false
    } finally {
      this.adopting = false
    }
  }

  private failed(error: unknown): void {
    this.wasRead = false
    this.services[0]?.log.warn({ error: describeError(error) }, 'keys of programs cannot be read; those known count on')
  }
}

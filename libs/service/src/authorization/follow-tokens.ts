import type { EventType, ReceivedEvent } from '#libs/contracts'
import type { Database, Transaction } from '#libs/persistence'
import { describeError, Repeat, type Clock, type Logger } from '#libs/platform'
import type { TokenBook } from './token-book.js'
import { keepToken, MAX_TOKENS, TOKENS } from './token.table.js'

export const TOKEN_TOPIC = 'hms.token.v1'
/** Tells the other instances of a service that its table of keys changed. */
export const TOKENS_CHANGED = 'tokens'
/** For a notification that was lost with its session. */
const LOOK_AGAIN_MS = 10_000
const LOOK_SOON_MS = 1_000

export const TOKEN_EVENTS = ['hms.token.issued.v1', 'hms.token.revoked.v1'] as const satisfies readonly EventType[]
type TokenEvent = ReceivedEvent<(typeof TOKEN_EVENTS)[number]>

/** What a service other than approver does with `hms.token.v1`: it keeps the record, and says so to its instances. */
export async function followToken({ data }: TokenEvent, tx: Transaction, signal: (topic: string) => void): Promise<void> {
  await keepToken(tx, data.token)
  tx.afterCommit(() => signal(TOKENS_CHANGED))
}

export interface TokenSource {
  database: Database
  clock: Clock
  log: Logger
  onSignal(topic: string, listener: () => void): void
}

/** Keeps a process's book as the tables of its services are: at the start, at every signal, and every ten seconds. */
export class TokenReader {
  private reading: Promise<void> | undefined
  private again = false
  private looks: Repeat | undefined
  private wasRead = false
  private stopped = false

  constructor(
    private readonly book: TokenBook,
    private readonly services: readonly TokenSource[],
  ) {}

  /** Before anything listens, so that anyone who holds a key is known from the first request on. */
  async start(): Promise<void> {
    for (const service of this.services) service.onSignal(TOKENS_CHANGED, () => void this.read())
    await this.read()
    const [first] = this.services
    if (first === undefined || this.stopped) return
    this.looks = new Repeat(first.clock, {
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

  /** One after the other: an older view must not replace a newer one. */
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
      const tables = await Promise.all(
        this.services.map(({ database }) => database.autocommit((tx) => tx.documents(TOKENS).find({ limit: 2 * MAX_TOKENS }))),
      )
      this.book.learn(tables.flat())
      this.wasRead = true
    } catch (error) {
      this.failed(error)
    }
  }

  private failed(error: unknown): void {
    this.wasRead = false
    this.services[0]?.log.warn({ error: describeError(error) }, 'keys of programs cannot be read; those known count on')
  }
}

import { action, command, deadLetterTopic, defined, HmsError, type Envelope, type DeadLetterState, type ServiceName } from '#libs/contracts'
import type { Database, Transaction } from '#libs/persistence'
import type { Logger, Metrics } from '#libs/platform'
import type { BusRecord } from '../event-bus.js'
import type { Outbox } from '../outbox/outbox.js'
import { DEAD_LETTERS, type DeadLetter } from './dead-letter.table.js'
import { excerpt, excerptContent, keyExcerpt, letterEvent, letterIdOf, wholeContent } from './letter-content.js'

/** Limits of letters per state. Above, the oldest are deleted and counted; each letter raised an alarm, and its copy stays for 30 days. */
const MAX_LETTERS = { waiting: 100_000, ignored: 10_000 } as const
const TRIM_EVERY = 100
const MAX_IGNORED_PUBLISHED_PER_HOUR = 1_000
const HOUR_MS = 60 * 60 * 1000
const DETAIL_CHARACTERS = 2_000

/** Reason why a record was dead-lettered. State `ignored`: the record is forged and needs no action. */
export type DeadLetterReason = Pick<DeadLetter, 'code' | 'detail' | 'run' | 'tries'> & { state: 'waiting' | 'ignored' }

/** Caller, reason, and the signed decision if a person signed. */
type Closing = { by: string; reason: string; statement?: Envelope | undefined }

/** A person's decision. `check` throws if it is not about this letter; it is called with the letter locked. */
export type SignedDecision = { statement: Envelope; check(letter: DeadLetter): void }

export interface DeadLetterBoxDependencies {
  service: ServiceName
  database: Database
  outbox: Outbox
  log: Logger
  metrics: Metrics
}

/** Stores the dead letters of one service. The table is authoritative; the topic has a copy of each letter for users of broker tools. */
export class DeadLetterBox {
  private readonly stored = { waiting: 0, ignored: 0 }
  private hour = 0
  private publishedThisHour = 0

  constructor(private readonly deps: DeadLetterBoxDependencies) {}

  /** Stores a dead-lettered record. Returns `false` for a duplicate: the record was redelivered before its group had committed. */
  async store(tx: Transaction, record: BusRecord, reason: DeadLetterReason): Promise<boolean> {
    const { service } = this.deps
    const letter: DeadLetter = {
      id: letterIdOf(service, record),
      group: service,
      topic: record.topic,
      ...(reason.state === 'waiting' ? wholeContent(record) : excerptContent(record)),
      position: record.position,
      ...reason,
      detail: excerpt(reason.detail, DETAIL_CHARACTERS),
      at: tx.now.toISOString(),
    }
    if (!(await tx.documents(DEAD_LETTERS).insert(letter))) return false
    if (letter.state === 'waiting' || this.mayPublishIgnored(tx.now)) await this.publish(tx, letter)
    const trimmed = this.stored[reason.state]++ % TRIM_EVERY === 0 ? await this.trim(tx, reason.state) : 0
    tx.afterCommit(() => this.alarm(letter, trimmed))
    return true
  }

  /** Returns letters, newest first. */
  list(states: readonly DeadLetterState[] | undefined, limit: number): Promise<DeadLetter[]> {
    return this.deps.database.autocommit((tx) => newestLetters(tx, states, limit))
  }

  async get(id: string): Promise<DeadLetter> {
    return this.deps.database.autocommit((tx) => this.read(tx, id))
  }

  /** Closes a letter without replaying it; the letter and the reason are kept. */
  discard(id: string, by: string, reason: string, signed?: SignedDecision): Promise<DeadLetter> {
    const closing = { by, reason, statement: signed?.statement }
    const close = async (tx: Transaction) => this.close(tx, await this.openLetter(tx, id, signed), 'discarded', closing)
    return this.deps.database.locked([lockOf(id)], close)
  }

  /** Locks a letter until the transaction ends and returns it. Throws `HMS_DEAD_LETTER_CLOSED` if it is closed, and as `check` does. */
  async openLetter(tx: Transaction, id: string, signed?: SignedDecision): Promise<DeadLetter> {
    await tx.lock([lockOf(id)])
    const letter = await this.read(tx, id)
    if (letter.closed === undefined) {
      signed?.check(letter) // guard: letter-checked-locked
      return letter
    }
    const { state, closed } = letter
    throw new HmsError('HMS_DEAD_LETTER_CLOSED', `This dead letter was ${state} by ${closed.by} at ${closed.at}.`, {
      status: 409,
      next: [action('dlq.show', { letter: `${letter.group}/${id}` })],
      state: { state, closed },
    })
  }

  /** Closes a letter, and publishes who closed it. `reason`: why it is discarded, or the outcome of its replay. */
  async close(tx: Transaction, letter: DeadLetter, state: 'replayed' | 'discarded', closing: Closing): Promise<DeadLetter> {
    const { by, reason, statement } = closing
    const closed = { at: tx.now.toISOString(), by, reason: excerpt(reason, DETAIL_CHARACTERS), ...defined({ statement }) }
    await tx.documents(DEAD_LETTERS).put({ ...letter, state, closed })
    const key = `${letter.group}/${letter.id}`
    await this.deps.outbox.emit(tx, 'hms.dead-letter.closed.v1', { letter: key, state, ...closed }, { key })
    return { ...letter, state, closed }
  }

  /** Records a failed replay: the letter stays open with the new code and detail. Returns the error to throw. */
  recordFailedReplay(id: string, code: string, detail: string): Promise<HmsError> {
    return this.deps.database.locked([lockOf(id)], async (tx) => {
      const letter = await this.openLetter(tx, id)
      const tries = letter.tries + 1
      await tx.documents(DEAD_LETTERS).put({ ...letter, code, detail: excerpt(detail, DETAIL_CHARACTERS), tries })
      const letterRef = `${letter.group}/${id}`
      return new HmsError(
        'HMS_DEAD_LETTER_FAILED',
        `The handler failed again, after ${tries} tries in total: ${detail} (${code}). The dead letter stays open.`,
        { status: 422, next: [action('dlq.show', { letter: letterRef }), action('dlq.discard', { letter: letterRef })] },
      )
    })
  }

  private async read(tx: Transaction, id: string): Promise<DeadLetter> {
    const letter = await tx.documents(DEAD_LETTERS).get(id)
    if (letter !== undefined) return letter
    const detail = `${this.deps.service} has no dead letter ${id}.`
    throw new HmsError('HMS_DEAD_LETTER_NOT_FOUND', detail, { status: 404, next: [action('dlq.list.all')] })
  }

  /** Publishes a copy. `keySeq` is counted per topic: external producers choose the keys, and each counted key is a permanent row. */
  private async publish(tx: Transaction, letter: DeadLetter): Promise<void> {
    const { outbox, service } = this.deps
    await outbox.store.append(tx, letterEvent(letter, await outbox.store.nextKeySeq(tx, deadLetterTopic(service), ''), tx.now))
  }

  private mayPublishIgnored(now: Date): boolean {
    const hour = Math.floor(now.getTime() / HOUR_MS)
    if (hour !== this.hour) [this.hour, this.publishedThisHour] = [hour, 0]
    return this.publishedThisHour++ < MAX_IGNORED_PUBLISHED_PER_HOUR
  }

  /** Deletes the oldest letters of a state above its maximum; returns how many. */
  private async trim(tx: Transaction, state: DeadLetterReason['state']): Promise<number> {
    const letters = tx.documents(DEAD_LETTERS)
    const surplus = (await letters.count({ state })) - MAX_LETTERS[state]
    if (surplus <= 0) return 0
    const oldest = await letters.find({ where: { state }, orderBy: 'at', limit: Math.min(surplus, TRIM_EVERY) })
    for (const { id } of oldest) await letters.delete(id)
    return oldest.length
  }

  private alarm({ id, topic, position, code, run, state }: DeadLetter, trimmed: number): void {
    const { service, log, metrics } = this.deps
    metrics.deadLetters.inc({ group: service, code })
    if (trimmed > 0) metrics.deadLettersTrimmed.inc({ group: service }, trimmed)
    const next = command('dlq.show', { letter: `${service}/${id}` })
    log.error(
      { service, letter: id, code, topic, position, run, next },
      state === 'waiting' ? 'event dead-lettered; it needs action' : 'forged record ignored and dead-lettered',
    )
  }
}

function lockOf(id: string): string {
  return `dead-letter:${id}`
}

/** Letters per page of a list. Pages are small, and lists omit the contents, because a letter may contain 4 MiB. */
const PAGE = 10

async function newestLetters(tx: Transaction, states: readonly DeadLetterState[] | undefined, limit: number): Promise<DeadLetter[]> {
  const found: DeadLetter[] = []
  const where = states === undefined ? undefined : { state: states }
  let after: string | undefined
  for (let size = PAGE; found.length < limit;) {
    const page = await tx.documents(DEAD_LETTERS).find({ where, orderBy: 'at', descending: true, after, limit: size })
    // The next page continues from a time, so letters of the same millisecond must not be split between two pages.
    const whole = page.length < size ? page : page.filter((letter) => letter.at !== page.at(-1)!.at)
    if (whole.length === 0 && page.length > 0) {
      size *= 2
      continue
    }
    found.push(...whole.map(withoutContent))
    if (page.length < size) break
    after = whole.at(-1)!.at
    size = PAGE
  }
  return found.slice(0, limit)
}

function withoutContent(letter: DeadLetter): DeadLetter {
  const { raw: _raw, key, ...rest } = letter
  return { ...rest, key: key === null ? null : keyExcerpt(key), value: null, headers: {} }
}

import { command, canonicalJson, type Envelope, type TokenRecord } from '#libs/contracts'
import type { EventBus, ReadPosition } from '#libs/messaging'
import type { Database } from '#libs/persistence'
import type { Logger } from '#libs/platform'
import { SignatureError } from '#libs/signing'
import { verifiedToken, isSameToken, readSignedToken, TOKEN_TOPIC, type TokenContext } from './signed-token.js'
import { TOKENS, type StoredToken } from './token.table.js'

/** Maximum log reads per call; the 5,000 records of a full table need only a few. */
const MAX_READS = 1_000
/** Maximum keys named in one log line. */
const MAX_NAMED = 10

/** Token-related part of a service of this process. */
export interface TokenService extends TokenContext {
  readonly name: string
  database: Database
  log: Logger
  bus: Pick<EventBus, 'read'>
}

/**
 * Verifies that approver signed the stored API keys, each row once per content and roster. A row that fails is ignored and raises an alarm.
 * A row without a signature, stored by an older build, gets its signature from the topic if the topic contains the same record.
 */
export class VerifiedTokens {
  private results = new Map<string, { key: string; outcome: TokenRecord | SignatureError }>()
  private refused = new Map<string, string>()
  /** Newest record of each key on the topic. */
  private readonly onTopic = new Map<string, { record: TokenRecord; envelope: Envelope }>()
  private position: ReadPosition = 'beginning'

  /** Ids of the failing rows, with the reason. */
  get refusals(): ReadonlyMap<string, string> {
    return this.refused
  }

  get concerns(): string[] {
    const [first] = this.refused
    if (first === undefined) return []
    const named = [...this.refused.keys()].slice(0, MAX_NAMED).join(', ')
    return [`stored API keys do not verify and are ignored: ${named} (${first[1]}) (next: ${command('tokens.list')})`]
  }

  /** Returns the valid rows of this process's services; a key revoked on the topic stays revoked, whatever a row contains. */
  verify(tables: readonly { source: TokenService; rows: readonly StoredToken[] }[]): TokenRecord[] {
    const before = this.refused
    this.refused = new Map()
    const results = new Map<string, { key: string; outcome: TokenRecord | SignatureError }>()
    const verified: TokenRecord[] = []
    for (const { source, rows } of tables) {
      for (const row of rows) {
        const rowKey = `${source.name} ${row.id}`
        const key = `${source.roster.digest} ${canonicalJson(row)}`
        const known = this.results.get(rowKey)
        const outcome = known?.key === key ? known.outcome : verifyRow(row, source)
        results.set(rowKey, { key, outcome })
        if (outcome instanceof SignatureError) this.refuse(source, row, outcome, before)
        else verified.push(outcome)
      }
    }
    this.results = results
    return [...verified, ...[...this.onTopic.values()].flatMap(({ record }) => (record.revokedAt === null ? [] : [record]))]
  }

  /** Whether a row lacks a valid signature, which the topic may contain. */
  needsTopicRead(tables: readonly { rows: readonly StoredToken[] }[]): boolean {
    return tables.some(({ rows }) => rows.some(({ id, signed }) => signed === undefined || this.refused.has(id)))
  }

  /** Reads new records of the topic, and copies signatures into rows equal to the newest record of their key. Returns whether any was. */
  async copySignatures(tables: readonly { source: TokenService; rows: readonly StoredToken[] }[]): Promise<boolean> {
    const [first] = tables
    if (first === undefined) return false
    await this.readTopic(first.source)
    let isCopied = false
    for (const { source, rows } of tables) {
      for (const row of rows) {
        const recorded = this.onTopic.get(row.id)
        if (recorded === undefined || !isSameToken(row, recorded.record)) continue
        if (row.signed !== undefined && canonicalJson(row.signed) === canonicalJson(recorded.envelope)) continue
        await source.database.transaction((tx) => tx.documents(TOKENS).put({ ...recorded.record, signed: recorded.envelope }))
        isCopied = true
      }
    }
    return isCopied
  }

  private async readTopic(source: TokenService): Promise<void> {
    for (let parts = 0; parts < MAX_READS; parts++) {
      const { records, next, end } = await source.bus.read({ name: TOKEN_TOPIC, producer: 'approver' }, this.position)
      if (next === 'beginning') this.onTopic.clear()
      for (const { value } of records) if (value !== null) this.readRecord(value, source)
      this.position = next
      if (end) return
    }
  }

  private readRecord(value: string, source: TokenService): void {
    try {
      const envelope = JSON.parse(value) as Envelope
      const record = readSignedToken(envelope, source)
      // A revoked key never becomes valid again, in whatever order records arrive.
      if (this.onTopic.get(record.id)?.record.revokedAt == null) this.onTopic.set(record.id, { record, envelope })
    } catch {
      // Any writer of the topic can write a record; a record that approver did not sign is ignored.
    }
  }

  private refuse(source: TokenService, row: StoredToken, { code, detail }: SignatureError, before: ReadonlyMap<string, string>): void {
    const id = String(row.id)
    this.refused.set(id, detail)
    if (before.has(id)) return
    const fields = { service: source.name, alarm: 'token_unverified', token: id, code, detail, next: command('tokens.list') }
    source.log.error(fields, 'alarm')
  }
}

function verifyRow(row: StoredToken, source: TokenContext): TokenRecord | SignatureError {
  try {
    return verifiedToken(row, source)
  } catch (error) {
    return error instanceof SignatureError ? error : new SignatureError('HMS_STATEMENT_INVALID', 'the row contains no key')
  }
}

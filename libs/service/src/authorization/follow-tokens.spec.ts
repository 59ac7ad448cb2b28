import { beforeAll, describe, expect, it } from 'vitest'
import type { Envelope, JsonObject, ServiceName, TokenRecord } from '#libs/contracts'
import { STATEMENT_SEAL } from '#libs/messaging'
import { MemoryBus } from '#libs/messaging/testing'
import { MemoryDatabase } from '#libs/persistence/testing'
import { silentLogger, uuidv7 } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { mintToken, signEvent, type EventPredicate } from '#libs/signing'
import { testIdentity, type TestIdentity } from '../../../../test/support/identity.js'
import { TokenReader } from './follow-tokens.js'
import { TokenBook } from './token-book.js'
import { storeToken, TOKENS, type StoredToken } from './token.table.js'

const DAY_MS = 86_400_000
const clock = new VirtualClock('2026-01-01T00:00:00Z')

function fresh(more: Partial<TokenRecord> = {}): { token: string; record: TokenRecord } {
  const { token, id, hash } = mintToken()
  return {
    token,
    record: {
      id,
      hash,
      name: 'k',
      scopes: ['read'],
      createdAt: '',
      createdBy: '',
      expiresAt: '2027-01-01T00:00:00Z',
      revokedAt: null,
      revokedBy: null,
      ...more,
    },
  }
}

let identity: TestIdentity
beforeAll(async () => {
  identity = await testIdentity()
})

/** The record as an event of `service`. */
function signed(token: TokenRecord, more: Partial<EventPredicate> = {}, service: ServiceName = 'approver'): Promise<Envelope> {
  const event = { id: uuidv7(clock.now()), source: '/hms-svc/approver', type: 'hms.token.issued.v1', topic: 'hms.token.v1', key: token.id }
  const data = { token: token as unknown as JsonObject }
  return signEvent({ ...event, keySeq: 1, time: clock.now().toISOString(), data, ...more }, identity.serviceSigner(service))
}

function service(database = new MemoryDatabase(clock)) {
  const listeners: (() => void)[] = []
  const bus = new MemoryBus()
  const concerns: (() => readonly string[])[] = []
  const source = {
    name: 'linter',
    database,
    clock,
    bus,
    log: silentLogger,
    roster: identity.roster,
    seal: STATEMENT_SEAL,
    signals: { on: (_topic: string, listener: () => void) => void listeners.push(listener) },
    concerns: { add: (read: () => readonly string[]) => void concerns.push(read) },
  }
  const keep = async (record: TokenRecord): Promise<void> => {
    const envelope = await signed(record)
    await database.transaction((tx) => storeToken(tx, record, envelope))
  }
  const write = (row: StoredToken): Promise<void> => database.transaction((tx) => tx.documents(TOKENS).put(row))
  const record = async (token: TokenRecord, type: 'issued' | 'revoked' = 'issued'): Promise<void> => {
    const envelope = await signed(token, { type: `hms.token.${type}.v1` })
    const place = { source: '/hms-svc/approver', topic: 'hms.token.v1', key: token.id, keySeq: 1, time: clock.now().toISOString() }
    await bus.publish([{ ...place, id: uuidv7(clock.now()), type: `hms.token.${type}.v1`, value: JSON.stringify(envelope) }])
  }
  const said = (): string[] => concerns.flatMap((read) => read())
  return { source, database, keep, write, record, said, signal: () => listeners.forEach((listener) => listener()) }
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
}
const judge = (book: TokenBook, token: string): string => {
  try {
    return book.require(token).id
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('TokenReader', () => {
  it('loads the table at the start, without a signal', async () => {
    const { source, keep } = service()
    const [valid, revoked] = [fresh(), fresh({ revokedAt: '2026-01-01T00:00:00Z' })]
    await keep(valid.record)
    await keep(revoked.record)
    const book = new TokenBook(clock)
    const reader = new TokenReader(book, [source])
    await reader.start()
    expect([judge(book, valid.token), judge(book, revoked.token)]).toEqual([valid.record.id, 'HMS_AUTH_TOKEN_REVOKED'])
    reader.stop()
  })

  it('reads the table again at a signal, and without a signal after ten seconds', async () => {
    const { source, keep, signal } = service()
    const book = new TokenBook(clock)
    const reader = new TokenReader(book, [source])
    await reader.start()
    const [known, unknown] = [fresh(), fresh()]
    await keep(known.record)
    signal()
    await settle()
    expect(judge(book, known.token)).toBe(known.record.id)
    await keep({ ...known.record, revokedAt: '2026-01-01T00:00:00Z' })
    await keep(unknown.record)
    expect(judge(book, unknown.token)).toBe('HMS_AUTH_TOKEN_UNKNOWN')
    clock.advanceTo(clock.now().getTime() + 10_000)
    await settle()
    expect([judge(book, unknown.token), judge(book, known.token)]).toEqual([unknown.record.id, 'HMS_AUTH_TOKEN_REVOKED'])
    reader.stop()
  })

  it('keeps its keys while the database is unavailable, and starts without the database', async () => {
    const { source, keep, database } = service()
    const known = fresh()
    await keep(known.record)
    let away = false
    const autocommit: MemoryDatabase['autocommit'] = (work) => (away ? Promise.reject(new Error('away')) : database.autocommit(work))
    const warnings: string[] = []
    const log = { ...silentLogger, warn: (_fields: object, text: string) => void warnings.push(text) }
    const flaky = {
      ...source,
      log,
      database: {
        ...database,
        autocommit,
        transaction: database.transaction.bind(database),
        locked: database.locked.bind(database),
        writes: database.writes.bind(database),
        pruneLocks: database.pruneLocks.bind(database),
        close: database.close.bind(database),
      },
    }
    const book = new TokenBook(clock)
    const reader = new TokenReader(book, [flaky])
    away = true
    await reader.start()
    expect(judge(book, known.token)).toBe('HMS_AUTH_TOKEN_UNKNOWN')
    away = false
    clock.advanceTo(clock.now().getTime() + 1_000)
    await settle()
    expect(judge(book, known.token)).toBe(known.record.id)
    away = true
    clock.advanceTo(clock.now().getTime() + 10_000)
    await settle()
    expect(judge(book, known.token)).toBe(known.record.id)
    clock.advanceTo(clock.now().getTime() + 1_000)
    await settle()
    // One warning for each time that the database is away, however often it is tried.
    expect(warnings).toEqual(Array(2).fill('API keys could not be read; keys already loaded stay valid'))
    reader.stop()
  })
})

describe('a row of the token table', () => {
  const judged = async (prepare: (harness: ReturnType<typeof service>, known: ReturnType<typeof fresh>) => Promise<unknown>) => {
    const [harness, known, book] = [service(), fresh(), new TokenBook(clock)]
    await prepare(harness, known)
    const reader = new TokenReader(book, [harness.source])
    await reader.start()
    await settle()
    reader.stop()
    return {
      code: judge(book, known.token),
      scopes: book.valid(known.token)?.scopes,
      refused: [...book.verified.refusals.keys()],
      said: harness.said(),
    }
  }
  const UNKNOWN = 'HMS_AUTH_TOKEN_UNKNOWN'

  it.each<[string, (row: TokenRecord, signature: Envelope) => Promise<StoredToken> | StoredToken]>([
    ['another scope', (row, envelope) => ({ ...row, scopes: ['operate'], signed: envelope })],
    ['another hash', (row, envelope) => ({ ...row, hash: fresh().record.hash, signed: envelope })],
    ['another name', (row, envelope) => ({ ...row, name: 'harmless', signed: envelope })],
    ['another end', (row, envelope) => ({ ...row, expiresAt: '2036-01-01T00:00:00Z', signed: envelope })],
    ['another region', (row, envelope) => ({ ...row, region: 'NCR', signed: envelope })],
    ['a maker', (row, envelope) => ({ ...row, createdBy: 'EPA Chief', signed: envelope })],
    ['no signature', (row) => row],
    ['the signature of another key', async (row) => ({ ...row, signed: await signed(fresh().record) })],
    ['the signature of another service', async (row) => ({ ...row, signed: await signed(row, {}, 'linter') })],
    ['an event of another topic', async (row) => ({ ...row, signed: await signed(row, { topic: 'hms.run.state.v1' }) })],
    ['an event that defines no key', async (row) => ({ ...row, signed: await signed(row, { type: 'hms.run.changed.v1' }) })],
    [
      'a payload that was changed',
      (row, { signatures, payload, payloadType }) => ({
        ...row,
        signed: { payloadType, signatures, payload: Buffer.from(`${Buffer.from(payload, 'base64').toString()} `).toString('base64') },
      }),
    ],
  ])('is ignored and reported with %s', async (_what, row) => {
    const { code, refused, said } = await judged(async ({ write }, { record }) => write(await row(record, await signed(record))))
    expect([code, refused.length, said]).toEqual([UNKNOWN, 1, [expect.stringContaining(refused[0]!)]])
  })

  it('is valid with the content that approver signed', async () => {
    const { code, scopes, refused } = await judged(({ keep }, { record }) => keep(record))
    expect([code, scopes, refused]).toEqual([expect.any(String), ['read'], []])
    expect(code).not.toBe(UNKNOWN)
  })

  it('without a signature gets it from the topic if the topic contains the same record', async () => {
    const { scopes, refused } = await judged(async ({ write, record: publish }, { record }) => {
      await publish(record)
      await write(record)
    })
    expect([scopes, refused]).toEqual([['read'], []])
    const other = await judged(async ({ write, record: publish }, { record }) => {
      await publish(record)
      await write({ ...record, scopes: ['operate'] })
    })
    expect([other.code, other.refused]).toHaveLength(2)
    expect(other.code).toBe(UNKNOWN)
  })

  it('that was restored by hand does not count if the topic contains the revocation of the key', async () => {
    const { code } = await judged(async ({ keep, record: publish }, { record }) => {
      await keep(record)
      await publish({ ...record, revokedAt: '2026-01-01T00:00:00Z', revokedBy: 'EPA Chief' }, 'revoked')
    })
    expect(code).toBe('HMS_AUTH_TOKEN_REVOKED')
  })
})

describe('the token table', () => {
  it('keeps a revocation when an older record arrives', async () => {
    const { keep, database } = service()
    const { record } = fresh()
    await keep({ ...record, revokedAt: '2026-01-01T00:00:00Z' })
    await keep(record)
    expect(await database.autocommit((tx) => tx.documents(TOKENS).get(record.id))).toMatchObject({ revokedAt: '2026-01-01T00:00:00Z' })
  })

  it('deletes keys that expired a month ago, and stores no key that old', async () => {
    const { keep, database } = service()
    const now = clock.now().getTime()
    const aged = (days: number): TokenRecord => fresh({ expiresAt: new Date(now - days * DAY_MS).toISOString() }).record
    const [old, recent] = [aged(29.9), aged(10)]
    await keep(old)
    await keep(recent)
    await keep(aged(31))
    expect(await database.autocommit((tx) => tx.documents(TOKENS).count())).toBe(2)
    clock.advanceTo(now + DAY_MS)
    await keep(fresh().record)
    expect(await database.autocommit((tx) => tx.documents(TOKENS).get(old.id))).toBeUndefined()
    expect(await database.autocommit((tx) => tx.documents(TOKENS).count())).toBe(2)
  })
})

import { describe, expect, it } from 'vitest'
import type { TokenRecord } from '#libs/contracts'
import { MemoryDatabase } from '#libs/persistence'
import { silentLogger, VirtualClock } from '#libs/platform'
import { mintToken } from '#libs/signing'
import { TokenReader } from './follow-tokens.js'
import { TokenBook } from './token-book.js'
import { keepToken, TOKENS } from './token.table.js'

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

function service(database = new MemoryDatabase(clock)) {
  const listeners: (() => void)[] = []
  const source = { database, clock, log: silentLogger, onSignal: (_topic: string, listener: () => void) => void listeners.push(listener) }
  const keep = (record: TokenRecord): Promise<void> => database.transaction((tx) => keepToken(tx, record))
  return { source, database, keep, signal: () => listeners.forEach((listener) => listener()) }
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
  it('knows at the start what the table holds, with no news from anybody', async () => {
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

  it('reads again at a signal, and without one after ten seconds', async () => {
    const { source, keep, signal } = service()
    const book = new TokenBook(clock)
    const reader = new TokenReader(book, [source])
    await reader.start()
    const [told, untold] = [fresh(), fresh()]
    await keep(told.record)
    signal()
    await settle()
    expect(judge(book, told.token)).toBe(told.record.id)
    await keep({ ...told.record, revokedAt: '2026-01-01T00:00:00Z' })
    await keep(untold.record)
    expect(judge(book, untold.token)).toBe('HMS_AUTH_TOKEN_UNKNOWN')
    clock.advanceTo(clock.now().getTime() + 10_000)
    await settle()
    expect([judge(book, untold.token), judge(book, told.token)]).toEqual([untold.record.id, 'HMS_AUTH_TOKEN_REVOKED'])
    reader.stop()
  })

  it('goes on with what it knows while the database is away, and starts without one', async () => {
    const { source, keep, database } = service()
    const known = fresh()
    await keep(known.record)
    let away = false
    const autocommit: MemoryDatabase['autocommit'] = (work) => (away ? Promise.reject(new Error('away')) : database.autocommit(work))
    const flaky = {
      ...source,
      database: {
        ...database,
        autocommit,
        transaction: database.transaction.bind(database),
        locked: database.locked.bind(database),
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
    reader.stop()
  })
})

describe('the table of keys', () => {
  it('never takes a revocation back', async () => {
    const { keep, database } = service()
    const { record } = fresh()
    await keep({ ...record, revokedAt: '2026-01-01T00:00:00Z' })
    await keep(record)
    expect(await database.autocommit((tx) => tx.documents(TOKENS).get(record.id))).toMatchObject({ revokedAt: '2026-01-01T00:00:00Z' })
  })

  it('forgets what expired a month ago, and takes nothing as old', async () => {
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

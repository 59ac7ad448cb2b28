import { describe, expect, it } from 'vitest'
import type { AuditEntry, Envelope, LiveRecord } from '#libs/contracts'
import { newRecords, type ExportSource } from './new-records.js'
import { PUBLISHED, startPosition } from './records.js'

const TIMES = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z']

const stored = (seq: number) => ({ policy: 'a', seq, scope: 'global', applied: true, revision: seq })
const eventOf = (heads: object[]): Envelope => ({
  payload: Buffer.from(JSON.stringify({ predicate: { data: { heads } } })).toString('base64'),
  payloadType: '',
  signatures: [],
})
/** The first entry reports head 1. */
const entryOf = (index: number): AuditEntry & { signed?: Envelope } => {
  const entry = { index, at: TIMES[index]!, type: PUBLISHED, run: null, key: 'a', leafHash: '0' } as Partial<AuditEntry> as AuditEntry
  return index === 0 ? { ...entry, signed: eventOf([stored(1)]) } : entry
}

const head = eventOf([])
const record = { policy: 'a', seq: 1, storedAt: TIMES[0]!, head } as Partial<LiveRecord> as LiveRecord

const truthful: ExportSource = {
  rosters: () => Promise.resolve([]),
  entries: ({ after = -1 }) => Promise.resolve([entryOf(after + 1)]),
  history: ({ after }) => Promise.resolve(after! < TIMES[0]! ? [record] : []),
}

const typesFrom = async (source: ExportSource): Promise<string[]> => {
  const types: string[] = []
  for await (const { type } of newRecords(source, startPosition(), { size: 2, note: '' })) types.push(type)
  return types
}

describe('newRecords', () => {
  it('ends at the checkpoint', async () => {
    expect(await typesFrom(truthful)).toEqual(['entry', 'entry', 'live', 'checkpoint'])
  })

  it('states in its place each head that the log reports as stored and the history lacks', async () => {
    const signed = eventOf([stored(1), stored(2), { ...stored(3), applied: false }])
    const entries: ExportSource['entries'] = ({ after = -1 }) => Promise.resolve([{ ...entryOf(after + 1), ...(after < 0 && { signed }) }])
    const lines: unknown[] = []
    const source = { ...truthful, entries, history: () => Promise.resolve([]) }
    for await (const line of newRecords(source, startPosition(), { size: 2, note: '' })) lines.push(line)
    expect(lines.slice(2)).toEqual([
      { type: 'missing', head: { policy: 'a', seq: 1 } },
      { type: 'missing', head: { policy: 'a', seq: 2 } },
      { type: 'checkpoint', size: 2, note: '' },
    ])
  })

  it.each<[string, Partial<ExportSource>]>([
    ['rosters', { rosters: () => Promise.resolve([{ version: 0, envelope: head }]) }],
    ['entries', { entries: () => Promise.resolve([entryOf(0)]) }],
    [
      'heads',
      {
        entries: ({ after = -1 }) => Promise.resolve([{ ...entryOf(after + 1), signed: eventOf([stored(2)]) }]),
        history: () => Promise.resolve([record]),
      },
    ],
  ])('refuses a source that repeats its %s', async (_name, lie) => {
    await expect(typesFrom({ ...truthful, ...lie })).rejects.toMatchObject({ code: 'HMS_HTTP_UNEXPECTED', status: 502 })
  })
})

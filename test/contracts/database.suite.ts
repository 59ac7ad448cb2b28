import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Database, DEFAULT_FIND_LIMIT, documentTable, findAll, type Transaction } from '#libs/persistence'
import type { Adapter } from './adapter.js'

interface Parcel {
  id: string
  town: string | null
  weight: number
  postedAt: string
  label?: unknown
}

/** Its table is made by `openPostgresService`. */
export const PARCELS = documentTable<Parcel>({
  name: 'parcel',
  id: (parcel) => parcel.id,
  keys: {
    town: { type: 'text', of: (parcel) => parcel.town },
    weight: { type: 'bigint', of: (parcel) => parcel.weight },
    posted_at: { type: 'timestamptz', of: (parcel) => parcel.postedAt },
  },
  indexes: [['town']],
  keep: { for: 'runs', ended: { town: ['gone'] } },
})

const parcel = (id: string, town: string | null = 'Delhi', weight = 1, day = 1): Parcel => ({
  id,
  town,
  weight,
  postedAt: `2026-01-${String(day).padStart(2, '0')}T00:00:00.000Z`,
})

/** What every `Database` keeps. */
export function databaseSuite(open: () => Promise<Adapter>): void {
  let adapter: Adapter
  let database: Database
  beforeEach(async () => {
    adapter = await open()
    ;({ database } = adapter)
  })
  afterEach(() => adapter.close())

  const read = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => database.transaction(work)
  const put = (...parcels: Parcel[]): Promise<void> =>
    database.transaction(async (tx) => {
      for (const each of parcels) await tx.documents(PARCELS).put(each)
    })
  const find = async (query?: Parameters<ReturnType<Transaction['documents']>['find']>[0]): Promise<string[]> =>
    (await read((tx) => tx.documents(PARCELS).find(query))).map(({ id }) => id)

  describe('transactions', () => {
    it('keep what they wrote, and show it to later ones', async () => {
      expect(await database.transaction(async (tx) => (await tx.documents(PARCELS).put(parcel('a')), 'answer'))).toBe('answer')
      expect(await read((tx) => tx.documents(PARCELS).get('a'))).toEqual(parcel('a'))
    })

    it('see their own writes', async () => {
      await database.transaction(async (tx) => {
        await tx.documents(PARCELS).put(parcel('a'))
        expect(await tx.documents(PARCELS).get('a')).toEqual(parcel('a'))
        expect(await tx.documents(PARCELS).count()).toBe(1)
      })
    })

    it('leave nothing behind when they throw, and let the error through unchanged', async () => {
      await put(parcel('kept'))
      const error = new Error('no')
      const failing = database.transaction(async (tx) => {
        await tx.documents(PARCELS).put(parcel('a'))
        await tx.documents(PARCELS).delete('kept')
        throw error
      })
      await expect(failing).rejects.toBe(error)
      expect(await find()).toEqual(['kept'])
    })

    it('run effects after the commit, in order, and never after a rollback', async () => {
      const seen: string[] = []
      await database.transaction(async (tx) => {
        tx.afterCommit(() => seen.push('first'))
        tx.afterCommit(() => seen.push('second'))
        await tx.documents(PARCELS).put(parcel('a'))
        expect(seen).toEqual([])
      })
      const failing = database.transaction(async (tx) => {
        tx.afterCommit(() => seen.push('never'))
        throw new Error('no')
      })
      await expect(failing).rejects.toThrow('no')
      expect(seen).toEqual(['first', 'second'])
    })
  })

  describe('locks', () => {
    it('pass the result of the first statement to the work', async () => {
      const add = (id: string): Promise<[boolean, boolean]> =>
        database.locked(
          [`parcel:${id}`],
          async (tx, isNew) => [isNew, (await tx.documents(PARCELS).get(id)) !== undefined],
          (tx: Transaction) => tx.documents(PARCELS).insert(parcel(id)),
        )
      expect([await add('x'), await add('x')]).toEqual([
        [true, true],
        [false, true],
      ])
    })

    it('lose none of many increments of one document', async () => {
      const increment = (): Promise<void> =>
        database.transaction(async (tx) => {
          await tx.lock(['parcel:a'])
          const found = await tx.documents(PARCELS).get('a')
          await tx.documents(PARCELS).put({ ...parcel('a'), weight: (found?.weight ?? 0) + 1 })
        })
      await Promise.all(Array.from({ length: 20 }, increment))
      expect((await read((tx) => tx.documents(PARCELS).get('a')))?.weight).toBe(20)
    })

    it('do not deadlock over overlapping sets, however they are written', async () => {
      const sets = [
        ['x', 'y', 'z'],
        ['z', 'y'],
        ['y', 'x'],
        ['z', 'x', 'z'],
      ]
      let inside = 0
      let most = 0
      await Promise.all(
        Array.from({ length: 24 }, (_, at) =>
          database.transaction(async (tx) => {
            await tx.lock(sets[at % sets.length]!)
            most = Math.max(most, ++inside)
            await tx.documents(PARCELS).put(parcel(`${at}`))
            inside--
          }),
        ),
      )
      // Every two of the sets share a key.
      expect(most).toBe(1)
      expect(await read((tx) => tx.documents(PARCELS).count())).toBe(24)
    })

    it('do not deadlock when one of several is held and earlier ones are requested', async () => {
      const bundle = ['p', 'q', 'r', 's']
      const effects: number[] = []
      // As events of the policies of one bundle do: each locks its own, then all.
      const one = (at: number): Promise<void> =>
        database.locked([bundle[at % bundle.length]!], async (tx) => {
          const found = await tx.documents(PARCELS).get('sum')
          await tx.lock(bundle)
          const sum = ((await tx.documents(PARCELS).get('sum')) ?? found)?.weight ?? 0
          await tx.documents(PARCELS).put({ ...parcel('sum'), weight: sum + 1 })
          tx.afterCommit(() => effects.push(at))
        })
      await Promise.all(Array.from({ length: 40 }, (_, at) => one(at)))
      expect((await read((tx) => tx.documents(PARCELS).get('sum')))?.weight).toBe(40)
      expect(effects).toHaveLength(40)
    })

    it('do not deadlock over keys that were never locked before', async () => {
      for (let round = 0; round < 10; round++) {
        const fresh = Array.from({ length: 8 }, (_, at) => `fresh-${round}-${at}`)
        await Promise.all(
          Array.from({ length: 12 }, (_, at) => {
            const first = at % 3 === 0 ? fresh : fresh.filter((_key, index) => (index + at) % 3 > 0)
            return database.locked(first, async (tx) => {
              await tx.documents(PARCELS).put(parcel(`${round}-${at}`))
              await tx.lock(fresh)
            })
          }),
        )
      }
      expect(await read((tx) => tx.documents(PARCELS).count())).toBe(120)
    })

    it('do not deadlock between a key that is new and a later one that is not', async () => {
      await database.locked(['zz-old'], async () => {})
      for (let round = 0; round < 20; round++) {
        const fresh = `new-${round}`
        // One makes the row of the new key and asks for the old one; the other has the old one before it finds that the new one has no row.
        const stepwise = (): Promise<void> =>
          database.transaction(async (tx) => {
            await tx.lock([fresh])
            await tx.lock(['zz-old'])
          })
        const atOnce = (): Promise<void> => database.locked([fresh, 'zz-old'], async () => {})
        await Promise.all(Array.from({ length: 8 }, (_, at) => (at % 2 === 0 ? stepwise() : atOnce())))
      }
    })

    it('are held by their transaction until its end', async () => {
      await database.locked(['b', 'a'], async (tx) => {
        expect(tx.holds(['a', 'b'])).toBe(true)
        await tx.lock(['c'])
        expect(tx.holds(['c', 'a'])).toBe(true)
      })
    })

    it('are free again after a rollback', async () => {
      const failing = database.transaction(async (tx) => {
        await tx.lock(['parcel:a'])
        throw new Error('no')
      })
      await expect(failing).rejects.toThrow('no')
      await database.transaction((tx) => tx.lock(['parcel:a', 'parcel:a']))
    })
  })

  describe('documents', () => {
    it('are replaced by put, and refused by insert when the id is taken', async () => {
      await put(parcel('a'), { ...parcel('a'), weight: 2 })
      const inserted = await database.transaction(async (tx) => [
        await tx.documents(PARCELS).insert(parcel('a', 'Agra', 9)),
        await tx.documents(PARCELS).insert(parcel('b', 'Agra', 9)),
      ])
      expect(inserted).toEqual([false, true])
      expect(await read((tx) => tx.documents(PARCELS).get('a'))).toEqual({ ...parcel('a'), weight: 2 })
    })

    it('report on delete whether they existed', async () => {
      await put(parcel('a'))
      const answers = await database.transaction(async (tx) => [
        await tx.documents(PARCELS).delete('a'),
        await tx.documents(PARCELS).delete('a'),
      ])
      expect(answers).toEqual([true, false])
      expect(await read((tx) => tx.documents(PARCELS).get('a'))).toBeUndefined()
    })

    it('have keys that fit into an index, in bytes', async () => {
      for (const id of ['x'.repeat(2_001), 'µ'.repeat(1_001)]) await expect(put(parcel(id))).rejects.toThrow('parcel.id has 200')
      await expect(put(parcel('a', 'x'.repeat(2_001)))).rejects.toThrow('parcel.town has 2001 bytes; a key has at most 2000')
      await put(parcel('µ'.repeat(1_000)))
      expect(await find()).toEqual(['µ'.repeat(1_000)])
    })

    it('contain JSON only: what has no JSON form is not returned', async () => {
      const list = [1, undefined, 'é', { deep: [true, null] }]
      const label = { at: new Date('2026-01-01T00:00:00Z'), gone: undefined, list, text: 'a\n"b"' }
      await put({ ...parcel('a'), label })
      const back = await read((tx) => tx.documents(PARCELS).get('a'))
      expect(back).toStrictEqual({
        ...parcel('a'),
        label: { at: '2026-01-01T00:00:00.000Z', list: [1, null, 'é', { deep: [true, null] }], text: 'a\n"b"' },
      })
    })

    it('are copies: changing one changes nothing that is stored', async () => {
      const mine = { ...parcel('a'), label: { tags: ['x'] } }
      await put(mine)
      mine.label.tags.push('y')
      const read1 = await read((tx) => tx.documents(PARCELS).get('a'))
      ;(read1!.label as { tags: string[] }).tags.push('z')
      expect((await read((tx) => tx.documents(PARCELS).get('a')))!.label).toEqual({ tags: ['x'] })
    })
  })

  describe('stale rows', () => {
    const later = () => new Date(Date.now() + 1_000 * 60 * 60)
    const stale = async (before: Date, limit = 10) => (await read((tx) => tx.documents(PARCELS).stale(before, limit))).map(({ id }) => id)

    it('are the ended ones without a later write, the oldest first', async () => {
      for (const each of [parcel('b', 'gone'), parcel('a', 'gone'), parcel('c'), parcel('d', null)]) await put(each)
      await put(parcel('b', 'gone'))
      expect((await stale(later())).toSorted()).toEqual(['a', 'b'])
      expect(await stale(later(), 1)).toHaveLength(1)
      expect(await stale(new Date(0))).toEqual([])
    })

    it('are young again once they are written', async () => {
      await put(parcel('a', 'gone'))
      const seen = await read(async (tx) => tx.now)
      await put(parcel('b', 'gone'))
      await put(parcel('a', 'gone'))
      expect(await stale(new Date(seen.getTime() - 1))).toEqual([])
    })
  })

  describe('find', () => {
    beforeEach(() =>
      put(
        parcel('b', 'Delhi', 10, 2),
        parcel('a', 'Agra', 2, 3),
        parcel('C', null, 3, 1),
        parcel('d', 'Delhi', 1, 4),
        parcel('e-1', 'Pune', 2, 5),
      ),
    )

    it('orders by id in code unit order by default', async () => {
      expect(await find()).toEqual(['C', 'a', 'b', 'd', 'e-1'])
      expect(await find({ descending: true })).toEqual(['e-1', 'd', 'b', 'a', 'C'])
    })

    it('filters by equality, by any of a list, and by null', async () => {
      expect(await find({ where: { town: 'Delhi' } })).toEqual(['b', 'd'])
      expect(await find({ where: { town: ['Agra', 'Pune'] } })).toEqual(['a', 'e-1'])
      expect(await find({ where: { town: null } })).toEqual(['C'])
      expect(await find({ where: { town: ['Agra', null] } })).toEqual(['C', 'a'])
      expect(await find({ where: { town: [] } })).toEqual([])
      expect(await find({ where: { town: 'Delhi', weight: 10 } })).toEqual(['b'])
      expect(await find({ where: { weight: [1, 2] } })).toEqual(['a', 'd', 'e-1'])
      expect(await find({ where: { posted_at: '2026-01-02T00:00:00.000Z' } })).toEqual(['b'])
      expect(await find({ where: { id: ['a', 'zz'] } })).toEqual(['a'])
    })

    it('orders by a column as its type requires, then by id; null comes last', async () => {
      expect(await find({ orderBy: 'weight' })).toEqual(['d', 'a', 'e-1', 'C', 'b'])
      expect(await find({ orderBy: 'weight', descending: true })).toEqual(['b', 'C', 'e-1', 'a', 'd'])
      expect(await find({ orderBy: 'posted_at' })).toEqual(['C', 'b', 'a', 'd', 'e-1'])
      expect(await find({ orderBy: 'town' })).toEqual(['a', 'b', 'd', 'e-1', 'C'])
    })

    it('continues after a value, without rows that have none', async () => {
      expect(await find({ after: 'a', limit: 2 })).toEqual(['b', 'd'])
      expect(await find({ after: 'b', descending: true })).toEqual(['a', 'C'])
      expect(await find({ orderBy: 'weight', after: 2 })).toEqual(['C', 'b'])
      expect(await find({ orderBy: 'weight', after: 2, descending: true })).toEqual(['d'])
      expect(await find({ orderBy: 'town', after: 'Agra' })).toEqual(['b', 'd', 'e-1'])
      expect(await find({ orderBy: 'town', after: 'Pune', descending: true })).toEqual(['d', 'b', 'a'])
    })

    it('finds all, page by page, for a caller that must leave none out', async () => {
      const many = Array.from({ length: 2 * DEFAULT_FIND_LIMIT + 1 }, (_, at) => parcel(`many-${at}`, at % 2 === 0 ? 'Kota' : 'Surat'))
      await put(...many)
      expect(await find({ where: { town: ['Kota', 'Surat'] } })).toHaveLength(DEFAULT_FIND_LIMIT)
      const all = await read((tx) => findAll(tx, PARCELS, { town: ['Kota', 'Surat'] }))
      expect(new Set(all.map(({ id }) => id))).toEqual(new Set(many.map(({ id }) => id)))
      expect(await read((tx) => findAll(tx, PARCELS, { town: 'Surat' }))).toHaveLength(DEFAULT_FIND_LIMIT)
      expect((await read((tx) => findAll(tx, PARCELS))).length).toBe(await read((tx) => tx.documents(PARCELS).count()))
    })

    it('counts as it filters', async () => {
      const counts = await read(async (tx) => [
        await tx.documents(PARCELS).count(),
        await tx.documents(PARCELS).count({ town: ['Delhi', null] }),
        await tx.documents(PARCELS).count({ town: 'Rome' }),
      ])
      expect(counts).toEqual([5, 3, 0])
    })

    it('refuses a column that does not exist', async () => {
      await expect(find({ where: { colour: 'red' } })).rejects.toThrow(TypeError)
      await expect(find({ orderBy: 'colour' })).rejects.toThrow(TypeError)
    })
  })
}

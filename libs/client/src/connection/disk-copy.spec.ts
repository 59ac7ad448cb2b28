import { mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HmsError } from '#libs/contracts'
import { DiskCopy } from './disk-copy.js'

const DIGEST = `sha256:${'a'.repeat(64)}`
const FLOORS = {
  releases: { 'lead-limit': { releaseEpoch: 5, digest: DIGEST, fallbacks: [DIGEST], tags: ['air'] } },
  heads: { 'lead-limit@global': 7 },
}
const COPY = { revision: 4, savedAt: 1_000, documents: [], floors: FLOORS, signedMs: 900 }

describe('the copy on disk', () => {
  let dir: string
  let reported: HmsError[]
  let floors: string
  let documents: string
  const disk = (): DiskCopy => new DiskCopy(dir, 'http://127.0.0.1:7184', { bot: 'b' }, (error) => void reported.push(error as HmsError))

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hms-disk-'))
    reported = []
    const copy = disk()
    copy.save(COPY)
    await copy.settled()
    ;[floors, documents] = [copy.floors.file, copy.file]
  })
  afterEach(() => rm(dir, { recursive: true }))

  it('is loaded as it was saved, from two files and no other', async () => {
    expect(await disk().load()).toMatchObject({
      documents: { revision: 4, savedAt: 1_000, documents: [] },
      floors: { floors: FLOORS, signedMs: 900 },
    })
    expect(await readdir(dir)).toHaveLength(2)
  })

  it('is empty if nothing was saved', async () => {
    await Promise.all([rm(floors), rm(documents)])
    expect(await disk().load()).toEqual({})
  })

  const damage: [string, () => Promise<unknown>][] = [
    ['cut by one byte', async () => writeFile(floors, (await readFile(floors, 'utf8')).slice(0, -1))],
    ['cut to nothing', () => writeFile(floors, '')],
    ['one digit other', async () => writeFile(floors, (await readFile(floors, 'utf8')).replace('"releaseEpoch":5', '"releaseEpoch":1'))],
    ['not JSON', () => writeFile(floors, '\0\0\0\0')],
    ['null', () => writeFile(floors, 'null')],
    ['a list', () => writeFile(floors, '[]')],
    ['of another shape', () => writeFile(floors, JSON.stringify({ format: 1, floors: { releases: [], heads: {} }, signedMs: null }))],
    [
      'of other types',
      () =>
        writeFile(
          floors,
          JSON.stringify({ format: 1, floors: { releases: { x: { releaseEpoch: '5' } }, heads: { y: '7' } }, signedMs: null }),
        ),
    ],
    ['of another format', async () => writeFile(floors, (await readFile(floors, 'utf8')).replace('"format":1', '"format":2'))],
    ['missing beside documents', () => rm(floors)],
    ['missing beside damaged documents', async () => Promise.all([rm(floors), writeFile(documents, '{')])],
    [
      'a symbolic link',
      async () => {
        await rename(floors, `${floors}.away`)
        await symlink(`${floors}.away`, floors)
      },
    ],
    [
      'a link to nothing',
      async () => {
        await rm(floors)
        await symlink(join(dir, 'nowhere'), floors)
      },
    ],
  ]

  it.each(damage)('fails closed with a remedy when the floors are %s', async (_what, harm) => {
    await harm()
    await expect(disk().load()).rejects.toMatchObject({ code: 'HMS_FLOORS_DAMAGED', next: [`rm ${floors} ${documents}`] })
    await expect(disk().load()).rejects.toThrow(/Restore it from a copy/)
  })

  it.each([
    ['cut', async () => writeFile(documents, (await readFile(documents, 'utf8')).slice(0, -1))],
    ['of another shape', () => writeFile(documents, '{"format":3,"documents":{}}')],
    [
      'a symbolic link',
      async () => {
        await rm(documents)
        await symlink('/dev/zero', documents)
      },
    ],
  ] as [string, () => Promise<unknown>][])('keeps its floors when the documents are %s', async (_what, harm) => {
    await harm()
    expect(await disk().load()).toEqual({ floors: { floors: FLOORS, signedMs: 900 } })
    expect(reported).toMatchObject([{ code: 'HMS_CACHE_UNREADABLE' }])
  })

  it('is reported with its folder if it cannot be written, and saved again with the next change', async () => {
    const into = join(dir, 'later')
    await writeFile(into, 'a file in the place of the folder')
    const copy = new DiskCopy(into, 'http://127.0.0.1:7184', { bot: 'b' }, (error) => void reported.push(error as HmsError))
    copy.save(COPY)
    await copy.settled()
    expect(reported).toMatchObject([{ code: 'HMS_CACHE_UNWRITABLE', next: [`df -h ${into}`] }])
    expect(reported[0]!.detail).toMatch(
      /^\S+later cannot be written: EEXIST: .*\. Values stay in use; after a restart, older ones may be\.$/,
    )
    await rm(into)
    copy.save({ ...COPY, revision: 5 })
    await copy.settled()
    expect([(await copy.load()).documents?.revision, reported.length]).toEqual([5, 1])
  })

  it('still has its floors when the documents are lost', async () => {
    await rm(documents)
    expect([await disk().load(), reported]).toEqual([{ floors: { floors: FLOORS, signedMs: 900 } }, []])
  })
})

import { describe, expect, it } from 'vitest'
import { dropFiles, type DroppedFile } from './drop-files.js'
import { MemoryFolder, type Break } from './memory-folder.suite.js'

const FILES: DroppedFile[] = [
  { name: 'a.json.sha256', bytes: Buffer.from('sum of a') },
  { name: 'a.json.sig', bytes: Buffer.from('signature of a') },
  { name: 'a.json', bytes: Buffer.from('{"a":1}') },
]
const NAMES = FILES.map(({ name }) => name).sort()
const whole = (): [string, Buffer][] => FILES.map(({ name, bytes }) => [name, bytes])
/** Number of steps of an undisturbed drop into an empty folder. */
const STEPS = 14

function expectWhole(folder: MemoryFolder): void {
  expect([...folder.files.keys()].sort()).toEqual(NAMES)
  for (const { name, bytes } of FILES) expect(folder.files.get(name)).toEqual(bytes)
}

describe('dropFiles', () => {
  it('writes checksum and signature first, the document last, and leaves no part file', async () => {
    const folder = new MemoryFolder()
    expect(await dropFiles(folder, FILES, 't1')).toBe('written')
    expectWhole(folder)
    const counts = folder.seen.map((names) => names.length)
    expect(counts).toEqual(counts.toSorted())
    for (const names of folder.seen) if (names.includes('a.json')) expect([...names].sort()).toEqual(NAMES)
    expect(folder.steps).toBe(STEPS)
  })

  const breaks = Array.from({ length: STEPS }, (_, step) =>
    (['before', 'within', 'after'] as const).map((moment): Break => ({ step, moment })),
  )
  it.each(breaks.flat())('finishes after a break %o, with no reader ever seeing half a file', async (at) => {
    const first = new MemoryFolder([], at)
    await expect(dropFiles(first, FILES, 't1')).rejects.toMatchObject({ reason: 'lost' })
    for (const { name, bytes } of FILES) expect([undefined, bytes]).toContainEqual(first.files.get(name))
    for (const names of first.seen) if (names.includes('a.json')) expect([...names].sort()).toEqual(NAMES)
    const second = new MemoryFolder(first.files)
    await dropFiles(second, FILES, 't2')
    expectWhole(second)
  })

  it('recognises its own finished work and writes nothing', async () => {
    const folder = new MemoryFolder(whole())
    folder.space = 0
    expect(await dropFiles(folder, FILES, 't2')).toBe('found')
    expectWhole(folder)
  })

  it('overwrites an existing file whose content differs, even if its length is equal', async () => {
    for (const foreign of ['', '{"a":2}']) {
      const folder = new MemoryFolder([...whole().slice(0, 2), ['a.json', Buffer.from(foreign)]])
      expect(await dropFiles(folder, FILES, 't1')).toBe('written')
      expectWhole(folder)
    }
  })

  it('does not overwrite a foreign file if the server cannot replace it atomically', async () => {
    const folder = new MemoryFolder([['a.json', Buffer.from('theirs')]])
    folder.keepsExisting = true
    await expect(dropFiles(folder, FILES, 't1')).rejects.toMatchObject({ reason: 'failed' })
    expect(folder.files.get('a.json')?.toString()).toBe('theirs')
    expect([...folder.files.keys()].filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('fails on a full disk, even if the server reports no error, and leaves no part file', async () => {
    const folder = new MemoryFolder()
    folder.space = FILES[0]!.bytes.length + 3
    await expect(dropFiles(folder, FILES, 't1')).rejects.toMatchObject({
      reason: 'failed',
      message: expect.stringContaining('3 of 14 bytes'),
    })
    expect([...folder.files.keys()]).toEqual(['a.json.sha256'])
  })

  it('writes nothing if the partner has acknowledged, even after the partner removed the files', async () => {
    const folder = new MemoryFolder([['a.json.ack', Buffer.alloc(0)]])
    expect(await dropFiles(folder, FILES, 't1')).toBe('acknowledged')
    expect([...folder.files.keys()]).toEqual(['a.json.ack'])
  })

  it('removes only part files of its own documents', async () => {
    const others = ['.b.json.t0.part', '.a.json', 'a.json.part', '.a.jsonx.t0.part']
    const folder = new MemoryFolder(['.a.json.t0.part', '.a.json.sig.t0.part', ...others].map((name) => [name, Buffer.from('x')]))
    await dropFiles(folder, FILES, 't1')
    expect([...folder.files.keys()].sort()).toEqual([...others, ...NAMES].sort())
  })

  it('works in a write-only folder', async () => {
    const folder = new MemoryFolder()
    folder.isReadable = folder.isListable = false
    expect(await dropFiles(folder, FILES, 't1')).toBe('written')
    expect(await dropFiles(folder, FILES, 't2')).toBe('found')
    expectWhole(folder)
  })
})

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exposedTo, readGivenFile, readGivenText } from './index.js'

let folder: string
const at = (name: string): string => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hms-files-'))
  execFileSync('mkfifo', [at('fifo')])
  symlinkSync('/dev/zero', at('link-to-zero'))
  symlinkSync(at('fifo'), at('link-to-fifo'))
  writeFileSync(at('whole'), 'x'.repeat(1024))
  writeFileSync(at('over'), 'x'.repeat(1025))
  writeFileSync(at('marked'), '\uFEFFid: x')
  writeFileSync(at('empty'), '')
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a named file', () => {
  it.each(['/dev/zero', '/dev/null', 'link-to-zero', 'fifo', 'link-to-fifo', '.'])(
    'is refused without waiting or reading if it is %s',
    async (name) => {
      const path = name.startsWith('/') ? name : at(name)
      await expect(readGivenFile(path, 1024)).rejects.toMatchObject({ code: 'HMS_FILE_NOT_REGULAR', status: 400 })
    },
  )

  it('is refused if it is a socket', async () => {
    const server = createServer()
    await new Promise<void>((ready) => server.listen(at('socket'), ready))
    await expect(readGivenFile(at('socket'), 1024)).rejects.toMatchObject({ code: 'HMS_FILE_NOT_REGULAR' })
    await new Promise((closed) => server.close(closed))
  })

  it('is read up to the limit, and refused above it', async () => {
    expect((await readGivenFile(at('whole'), 1024)).bytes).toHaveLength(1024)
    expect((await readGivenFile(at('empty'), 1024)).bytes).toHaveLength(0)
    await expect(readGivenFile(at('over'), 1024)).rejects.toMatchObject({
      code: 'HMS_FILE_TOO_LARGE',
      detail: expect.stringContaining('1 KiB'),
    })
    expect(await readGivenText(at('marked'), 1024)).toBe('id: x')
  })

  it('is refused as text if it is not UTF-8', async () => {
    writeFileSync(at('latin'), Buffer.from('K\u00f6ln', 'latin1'))
    await expect(readGivenText(at('latin'), 1024)).rejects.toMatchObject({
      code: 'HMS_FILE_NOT_UTF8',
      detail: expect.stringContaining('latin is not UTF-8 text'),
    })
  })

  it.runIf(process.platform === 'linux')('is refused above the limit even if its metadata states no size', async () => {
    await expect(readGivenFile('/proc/self/maps', 16)).rejects.toMatchObject({ code: 'HMS_FILE_TOO_LARGE' })
    expect((await readGivenText('/proc/self/comm', 1024)).length).toBeGreaterThan(0)
  })

  it('is reported as missing or unreadable', async () => {
    await expect(readGivenFile(at('none'), 1024)).rejects.toMatchObject({
      code: 'HMS_FILE_UNREADABLE',
      detail: expect.stringContaining('no such file'),
    })
    await expect(readGivenFile('a\0b', 1024)).rejects.toMatchObject({ code: 'HMS_FILE_UNREADABLE' })
  })
})

describe('a file with a secret', () => {
  it.each([
    [0o600, 7, undefined],
    [0o400, 7, undefined],
    [0o644, 7, 'everybody on this machine'],
    [0o602, 7, 'everybody on this machine'],
    [0o604, 1, 'everybody on this machine'],
    [0o640, 7, 'its group'],
    [0o660, 1, 'its group'],
    // A secret that Kubernetes passes to a non-root process.
    [0o440, 0, undefined],
  ])('with mode %o and owner %d is exposed to: %s', (mode, uid, readers) => {
    expect(exposedTo({ mode, uid }, 7)).toBe(readers)
  })
})

import { silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HeldSample } from '../testing/held-sample.js'
import { FileWriter } from './file-writer.js'
import { openFiles } from './written-file.js'

let folder: string
let values: HeldSample
let clock: VirtualClock
const writers: FileWriter[] = []
const at = (name: string): string => join(folder, name)
const text = (name: string): string => readFileSync(at(name), 'utf8')
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hms-write-'))
  values = new HeldSample().set({ 'epa-pm25-limit': '1.5.0' }, 4)
  clock = new VirtualClock()
})
afterEach(async () => {
  for (const writer of writers.splice(0)) await writer.close()
  rmSync(folder, { recursive: true })
})

async function start(templates: Record<string, string>): Promise<FileWriter> {
  const targets = Object.entries(templates).map(([file, template], index) => {
    writeFileSync(at(`${index}.tpl`), template)
    return { template: at(`${index}.tpl`), file: at(file) }
  })
  const writer = new FileWriter(await openFiles(targets), values, clock, silentLogger)
  writers.push(writer)
  await writer.start()
  return writer
}
/** Waits for pending writes, and for writes queued meanwhile. */
const settled = async (writer: FileWriter): Promise<void> => {
  for (let turns = 0; turns < 3; turns++) await writer.idle()
}

describe('files written from templates', () => {
  it('are written at the start, and at each change of a policy they reference', async () => {
    const writer = await start({ 'a.env': 'V={{ epa-pm25-limit.version }}\n', 'b.json': '{{ epa-pm25-limit }}' })
    expect(text('a.env')).toBe('V=1.5.0\n')
    expect(JSON.parse(text('b.json'))).toMatchObject({ version: '1.5.0', limit: 35 })
    values.set({ 'epa-pm25-limit': '2.0.0' })
    values.set({ 'epa-pm25-limit': '3.0.0' })
    await settled(writer)
    expect(text('a.env')).toBe('V=3.0.0\n')
    const before = statSync(at('a.env'), { bigint: true }).mtimeNs
    values.set({ 'ozone-limit': '1.0.0' })
    await settled(writer)
    expect(statSync(at('a.env'), { bigint: true }).mtimeNs).toBe(before)
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('keep their mode, and are written through a symbolic link', async () => {
    writeFileSync(at('real'), 'old')
    chmodSync(at('real'), 0o666)
    symlinkSync(at('real'), at('link'))
    await start({ link: '{{ epa-pm25-limit.limit }}' })
    expect(lstatSync(at('link')).isSymbolicLink()).toBe(true)
    expect([text('real'), statSync(at('real')).mode & 0o777]).toEqual(['35', 0o666])
  })

  it('stay unchanged while a value is missing, and are written when it is back', async () => {
    const writer = await start({ 'a.env': 'V={{ epa-pm25-limit.version }}' })
    values.set({ 'epa-pm25-limit': null })
    await settled(writer)
    expect([text('a.env'), writer.failing]).toEqual(['V=1.5.0', 1])
    values.set({ 'epa-pm25-limit': '2.0.0' })
    await settled(writer)
    expect([text('a.env'), writer.failing]).toEqual(['V=2.0.0', 0])
  })

  it('are retried after the file system refused a write', async () => {
    await mkdir(at('sub'))
    const writer = await start({ 'sub/a.env': 'V={{ epa-pm25-limit.version }}' })
    await rm(at('sub'), { recursive: true })
    values.set({ 'epa-pm25-limit': '2.0.0' })
    await settled(writer)
    expect(writer.failing).toBe(1)
    await mkdir(at('sub'))
    clock.advanceTo(clock.nextAt()!)
    await settled(writer)
    expect([text('sub/a.env'), writer.failing]).toEqual(['V=2.0.0', 0])
  })

  it.each([
    ['V={{ epa-pm25-limit.limitt }}', 'HMS_POLICY_FIELD_UNKNOWN'],
    ['V={{ ozone-limit.limit }}', 'HMS_POLICY_NOT_FOUND'],
    ['V={{ epa-pm25-limit.limit }', 'HMS_SIDECAR_TEMPLATE'],
  ])('make the start fail with %s', async (template, code) => {
    await expect(start({ 'a.env': template })).rejects.toMatchObject({ code })
    expect(existsSync(at('a.env'))).toBe(false)
  })

  it('may not be a folder, their own template, or the target of two templates', async () => {
    await expect(start({ 'no/a.env': 'x' })).rejects.toMatchObject({ code: 'HMS_SIDECAR_WRITE', status: 400 })
    await expect(start({ '.': 'x' })).rejects.toMatchObject({ code: 'HMS_SIDECAR_WRITE' })
    await expect(start({ '0.tpl': 'x' })).rejects.toMatchObject({ detail: expect.stringContaining('its own template') })
    await expect(start({ 'a.env': 'x', './a.env': 'y' })).rejects.toMatchObject({ detail: expect.stringContaining('two templates') })
  })
})

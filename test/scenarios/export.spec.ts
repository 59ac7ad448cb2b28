import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canonicalJson, toHex } from '#libs/contracts'
import { acquireFolder } from '#libs/files'
import { MemoryBus } from '#libs/messaging/testing'
import {
  generateKeyPair,
  leafHash,
  localSigner,
  NOTE_COSIGNATURE,
  NOTE_ED25519,
  rawPublicKey,
  vkeyOf,
  type RosterPredicate,
} from '#libs/signing'
import { runForTest, type CliRun } from '../../apps/cli/src/testing/run-cli.js'
import type { ExportRecord } from '#libs/export'
import { freePort } from '../support/broker/free-ports.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { until } from '../support/processes.js'

const log = generateKeyPair()
const witness = generateKeyPair()

function withLog(roster: RosterPredicate): void {
  roster.log = vkeyOf('example.org/log', NOTE_ED25519, rawPublicKey(log.publicKey))
  roster.witnesses = [vkeyOf('example.org/witness', NOTE_COSIGNATURE, rawPublicKey(witness.publicKey))]
  roster.quorum = 1
}

const limitFiles = (bytes: number | string): boolean => spawnSync('prlimit', ['--pid', `${process.pid}`, `--fsize=${bytes}:`]).status === 0
const canLimit = limitFiles('unlimited')

/** Runs `work` while no file may grow beyond this size: the write that reaches it is cut, as on a full disk. */
async function withFileLimit<T>(bytes: number, work: () => Promise<T>): Promise<T> {
  limitFiles(bytes)
  return work().finally(() => limitFiles('unlimited'))
}

function withOtherKey(record: ExportRecord): ExportRecord {
  if (record.type !== 'entry' || record.entry.index !== 2) return record
  const { index, leafHash: _hash, ...facts } = { ...record.entry, key: 'ozone' }
  const leaf = leafHash(Buffer.from(canonicalJson(facts)))
  return { type: 'entry', entry: { index, ...facts, leafHash: toHex(leaf) } }
}

describe('an export', () => {
  let system: MemorySystem
  let press: PipelineDriver
  let exported: CliRun
  const folder = mkdtempSync(join(tmpdir(), 'hms-export-'))
  const file = join(folder, 'export.ndjson')
  beforeAll(async () => {
    const port = await freePort()
    const signerNamed = async (name: string) => localSigner((name === 'audit-log' ? log : witness).privateKey)
    // The history comes from config-store over HTTP, with audit's signature.
    system = await startMemorySystem({}, new MemoryBus(), withLog, signerNamed, [`http://127.0.0.1:${port}`], port)
    writeFileSync(join(folder, 'roster.json'), JSON.stringify(system.roster.envelope))
    press = new PipelineDriver(system)
    await live('pm25@1.0.0=35')
    await live('pm25@2.0.0=25')
    await live('ozone@1.0.0=70', new Date(system.clock.now().getTime() + 60_000).toISOString())
    await atRest()
    exported = await cli('export', '--out', file)
  })
  afterAll(async () => {
    await system.stop()
    rmSync(folder, { recursive: true })
  })

  const live = async (policy: string, effective?: string): Promise<void> => {
    const run = await press.approve([policy], { observeMs: 0, bakeMs: 0 }, { effective })
    await system.runUntil(async () => (await press.show(run)).state === 'SUCCEEDED', 300_000)
  }
  /** Until everything that was said is under a checkpoint. */
  const atRest = async (): Promise<void> => {
    for (let second = 0; second < 10; second++) {
      await system.settle()
      system.clock.advanceTo(system.clock.now().getTime() + 1_000)
    }
    await system.settle()
  }
  const cli = (...argv: string[]): Promise<CliRun> =>
    runForTest(argv, { env: { HMS_URL: system.url, HMS_ROSTER: join(folder, 'roster.json'), HMS_DATA_DIR: join(folder, 'none') } })
  const check = (of: string): Promise<CliRun> =>
    runForTest(['export', '--check', of], { env: { HMS_URL: 'http://127.0.0.1:9', HMS_ROSTER: join(folder, 'roster.json') } })
  const records = (text: string): ExportRecord[] =>
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ExportRecord)
  const versions = (text: string): string[] =>
    records(text).flatMap((record) => (record.type === 'live' ? (record.record.version ?? []) : []))

  it('contains every entry and every document, and is verified with the roster alone', async () => {
    expect([exported.stderr, exported.code]).toEqual([`  next: hms-svc export --check ${file}\n`, 0])
    const text = readFileSync(file, 'utf8')
    expect(records(text)[0]).toMatchObject({ type: 'export', v: 1, installation: system.roster.installation })
    expect(versions(text)).toEqual(['1.0.0', '2.0.0'])
    expect(records(text).at(-1)).toMatchObject({ type: 'checkpoint' })
    const checked = await check(file)
    expect([checked.stderr, checked.code]).toEqual(['', 0])
  })

  it('continues where it ended, also when its last line was cut', async () => {
    const before = readFileSync(file, 'utf8')
    writeFileSync(file, `${before}{"type":"entry","entry":{"ind`)
    await press.api.post('/v1/rollbacks', { policy: 'pm25', version: '1.0.0' })
    await atRest()
    expect((await cli('export', '--out', file)).code).toBe(0)
    const after = readFileSync(file, 'utf8')
    expect(after.startsWith(before)).toBe(true)
    expect(versions(after)).toEqual(['1.0.0', '2.0.0', '1.0.0'])
    expect((await check(file)).code).toBe(0)
  })

  it('is refused where it states that a head is missing, once, with the line', async () => {
    const all = records(readFileSync(file, 'utf8'))
    const at = all.findLastIndex(({ type }) => type === 'live')
    const gone = all[at] as Extract<ExportRecord, { type: 'live' }>
    const other = join(folder, 'missing.ndjson')
    for (const seq of [gone.record.seq, 4711]) {
      const lines = all.with(at, { type: 'missing', head: { policy: gone.record.policy, seq } })
      writeFileSync(other, `${lines.map((each) => JSON.stringify(each)).join('\n')}\n`)
      const { stderr, code } = await check(other)
      expect([code, stderr]).toEqual([10, expect.stringMatching(new RegExp(`line ${at + 1}:? the history of config-store did not have`))])
      expect(stderr.includes('as stored, but their records are missing')).toBe(seq === 4711)
    }
  })

  it.skipIf(!canLimit)('fails where its last line does not fit on the disk, and continues there (skipped without prlimit)', async () => {
    const [fits, cut] = [join(folder, 'fits.ndjson'), join(folder, 'cut.ndjson')]
    await cli('export', '--out', fits)
    const limited = await withFileLimit(readFileSync(fits).length - 20, () => cli('export', '--out', cut))
    expect([limited.code, limited.stderr]).toEqual([1, expect.stringContaining('EFBIG')])
    expect((await cli('export', '--out', cut)).code).toBe(0)
    expect(await check(cut)).toMatchObject({ code: 0, stderr: '' })
  })

  it('contains what took effect later', async () => {
    const heads = records(readFileSync(file, 'utf8'))
    const held = heads.flatMap((record) => (record.type === 'live' && record.record.policy === 'ozone' ? [record.record] : []))
    expect(held).toMatchObject([{ digest: null, next: { version: '1.0.0', approvedBy: ['EPA Chief'] } }])
    const { stdout } = await runForTest(['export', '--check', file, '--json'], { env: { HMS_ROSTER: join(folder, 'roster.json') } })
    expect(JSON.parse(stdout)).toMatchObject({ live: heads.filter(({ type }) => type === 'live').length, withdrawn: 0 })
  })

  it.each<[what: string, change: (all: ExportRecord[]) => ExportRecord[], message?: string]>([
    ['an entry that is gone', (all) => all.toSpliced(all.findIndex(({ type }) => type === 'entry') + 1, 1)],
    [
      'an entry with other content',
      (all) =>
        all.map((each) => (each.type === 'entry' && each.entry.index === 2 ? { ...each, entry: { ...each.entry, key: 'ozone' } } : each)),
    ],
    [
      'a document that was moved to another policy',
      (all) => all.map((each) => (each.type === 'live' ? { ...each, record: { ...each.record, policy: 'ozone' } } : each)),
    ],
    [
      'a release that other people signed',
      (all) =>
        all.map((each) =>
          each.type === 'live' ? { ...each, record: { ...each.record, release: { ...each.record.release!, signatures: [] } } } : each,
        ),
    ],
    [
      'a proof of another document',
      (all) => {
        const [first] = all.flatMap((each) => (each.type === 'live' ? [each.record.proof] : []))
        return all.map((each) => (each.type === 'live' ? { ...each, record: { ...each.record, proof: first! } } : each))
      },
    ],
    [
      'a release that was held, and is gone',
      (all) => all.map((each) => (each.type === 'live' ? { ...each, record: { ...each.record, next: null } } : each)),
      'it names other releases than its head',
    ],
    [
      'an unsigned withdrawal',
      (all) => all.map((each) => (each.type === 'live' ? { ...each, record: { ...each.record, digest: null } } : each)),
    ],
    ['an entry with other content and its hash', (all) => all.map(withOtherKey)],
    ['its end', (all) => all.filter(({ type }) => type !== 'checkpoint')],
    ['entries behind the last checkpoint', (all) => [...all, all.find(({ type }) => type === 'entry')!]],
  ])('is refused with %s', async (_what, change, message = '') => {
    const forged = join(folder, 'forged.ndjson')
    writeFileSync(
      forged,
      change(records(readFileSync(file, 'utf8')))
        .map((record) => `${JSON.stringify(record)}\n`)
        .join(''),
    )
    const { code, stdout, stderr } = await check(forged)
    expect([stdout, code]).toEqual(['', 10])
    expect(stderr).toContain('HMS_PROOF_INVALID')
    expect(stderr).toContain(message)
  })

  it('is refused by another roster, and when a line is none', async () => {
    const other = join(folder, 'other.ndjson')
    writeFileSync(other, 'not a record\n')
    expect((await check(other)).stderr).toContain('HMS_EXPORT_MALFORMED')
    expect((await cli('export', '--out', other)).code).toBe(2)
  })

  describe('over HTTP', () => {
    const get = (query: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${system.url}/v1/export${query}`, { headers })
    const pull = async (query = ''): Promise<string> => (await get(query)).text()
    const cursorOf = (text: string): string => (records(text).at(-1) as Extract<ExportRecord, { type: 'cursor' }>).cursor
    const indexes = (text: string): number[] => records(text).flatMap((record) => (record.type === 'entry' ? [record.entry.index] : []))
    const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

    it('has the lines of the file, and a cursor; two pulls are one export', async () => {
      const whole = join(folder, 'whole.ndjson')
      await cli('export', '--out', whole)
      const first = await pull()
      expect(first.split('\n').slice(0, -2).join('\n')).toBe(readFileSync(whole, 'utf8').trimEnd())
      await live('pm25@3.0.0=30')
      await atRest()
      const second = await pull(`?after=${cursorOf(first)}`)
      expect(indexes(first + second)).toEqual(upTo(indexes(first + second).length))
      expect(versions(second)).toEqual(['3.0.0'])
      const pulled = join(folder, 'pulled.ndjson')
      writeFileSync(pulled, first + second)
      expect(await check(pulled)).toMatchObject({ code: 0, stderr: '' })
      // `--out` continues what was pulled.
      expect((await cli('export', '--out', pulled)).code).toBe(0)
      expect(await check(pulled)).toMatchObject({ code: 0, stderr: '' })
    })

    it('ends each response at a checkpoint, and the last one with a cursor alone', async () => {
      const parts = [await pull('?limit=5')]
      while (records(parts.at(-1)!).length > 1) parts.push(await pull(`?limit=5&after=${cursorOf(parts.at(-1)!)}`))
      expect(parts.length).toBeGreaterThan(4)
      expect(indexes(parts.join(''))).toEqual(indexes(await pull()))
      const pulled = join(folder, 'parts.ndjson')
      writeFileSync(pulled, parts.join(''))
      expect(await check(pulled)).toMatchObject({ code: 0, stderr: '' })
    })

    it('refuses a cursor that is none, of another log, or altered in a file', async () => {
      const cursor = cursorOf(await pull())
      const [, roster, entries, hash] = cursor.split('-')
      const refused = async (after: string) => [(await get(`?after=${after}`)).status, await (await get(`?after=${after}`)).json()]
      for (const after of ['x', '', `2-${roster}-${entries}-${hash}`, `1-${roster}-0-${hash}`])
        expect(await refused(after)).toEqual([400, expect.objectContaining({ code: expect.stringMatching(/^HMS_/) })])
      for (const after of [`1-${roster}-${Number(entries) + 1}-${hash}`, `1-${roster}-${entries}-${'0'.repeat(64)}`])
        expect(await refused(after)).toEqual([409, expect.objectContaining({ code: 'HMS_EXPORT_BEHIND' })])
      const pulled = join(folder, 'cursor.ndjson')
      writeFileSync(pulled, (await pull()).replace(cursor, `1-${roster}-${entries}-${'0'.repeat(64)}`))
      expect((await check(pulled)).code).toBe(10)
    })

    it('needs scope read of a key that is sent', async () => {
      const key = async (scope: string) => (await press.api.post('/v1/tokens', { scopes: [scope] })) as { token: string }
      const status = async (scope: string) => (await get('?limit=1', { authorization: `Bearer ${(await key(scope)).token}` })).status
      expect([await status('read'), await status('bot:b1'), await status('partner:p1')]).toEqual([200, 403, 403])
    })

    describe('followed into a folder', () => {
      const central = join(folder, 'central')
      const state = join(central, 'state.json')
      const text = (): string =>
        days()
          .map((day) => readFileSync(join(central, day), 'utf8'))
          .join('')
      const days = (): string[] =>
        readdirSync(central)
          .filter((name) => name.endsWith('.ndjson'))
          .sort()
      /** Follows until the folder has all that the log has, on this day. */
      const follow = async (day: string, into = central): Promise<CliRun> => {
        let fire = (): void => {}
        const env = { HMS_URL: system.url, HMS_DATA_DIR: join(folder, 'none') }
        const running = runForTest(['export', '--follow', into], {
          env,
          now: () => Date.parse(`${day}T12:00:00Z`),
          interrupt: (it) => void (fire = it),
        })
        const cursor = cursorOf(await pull())
        await until(
          'the folder is up to date',
          async () => existsSync(join(into, 'state.json')) && readFileSync(join(into, 'state.json'), 'utf8').includes(cursor),
        )
        fire()
        return running
      }
      const whole = async (): Promise<void> => {
        expect(indexes(text())).toEqual(indexes(await pull()))
        const found = await check(central)
        expect([found.stderr, found.code]).toEqual(['', 0])
      }

      it('keeps a file a day, and a state', async () => {
        expect(await follow('2026-03-02')).toMatchObject({ code: 130, stdout: expect.stringContaining('2026-03-02.ndjson') })
        expect(days()).toEqual(['2026-03-02.ndjson'])
        await live('pm25@3.1.0=31')
        await atRest()
        await follow('2026-03-03')
        expect(days()).toEqual(['2026-03-02.ndjson', '2026-03-03.ndjson'])
        await whole()
        // A day alone is complete where it is the first.
        expect((await check(join(central, '2026-03-02.ndjson'))).code).toBe(0)
      })

      it.each<[string, (last: string) => void]>([
        ['half a line', (last) => appendFileSync(last, '{"type":"entry","entry":{"ind')],
        ['a part of a pull', (last) => appendFileSync(last, readFileSync(last, 'utf8').split('\n').slice(0, 3).join('\n'))],
        ['a file of the next day', () => writeFileSync(join(central, '2026-03-04.ndjson'), '{"type":"entry"')],
        ['a whole pull without its state', (last) => (rmSync(state), readFileSync(last))],
        ['a last line that was cut', (last) => truncateSync(last, readFileSync(last).length - 20)],
      ])('drops %s that a kill left behind, and has everything once', async (_what, tear) => {
        await live(`pm25@${(version += 1)}.0.0=31`)
        await atRest()
        await follow('2026-03-03')
        tear(join(central, '2026-03-03.ndjson'))
        await live(`pm25@${(version += 1)}.0.0=31`)
        await atRest()
        // On the same day: the cursor of the state is also that of the log where nothing but a state was lost.
        await follow('2026-03-03')
        await whole()
      })
      let version = 4

      it.skipIf(!canLimit)(
        'fails where its last line does not fit on the disk, and continues there (skipped without prlimit)',
        async () => {
          const small = join(folder, 'small')
          const bytes = Buffer.byteLength(await pull())
          const limited = await withFileLimit(bytes - 20, () => cli('export', '--follow', small))
          expect([limited.code, limited.stderr]).toEqual([1, expect.stringContaining('EFBIG')])
          await follow('2026-03-05', small)
          expect(await check(small)).toMatchObject({ code: 0, stderr: '' })
        },
      )

      it('refuses a folder that another process follows', async () => {
        const lock = await acquireFolder(central, { purpose: 'another' })
        const { code, stderr } = await cli('export', '--follow', central)
        await lock.release()
        expect([code, stderr]).toEqual([5, expect.stringContaining('HMS_EXPORT_FOLDER_IN_USE')])
      })
    })
  })
})

import { describe, afterAll, beforeAll, expect, it } from 'vitest'
import { pathToFileURL } from 'node:url'
import { describeKafka } from '../../kafka/kafka.config.js'
import { History } from '../../kill/history.js'
import { judge } from '../../kill/judge.js'
import { Load } from '../../kill/load/load.js'
import { Partner } from '../../kill/load/partner.js'
import { connectReaders, type ConnectedReader } from '../../kill/load/readers.js'
import { Observer } from '../../kill/observer.js'
import { Random } from '../../kill/random.js'
import { hasHistory } from '../../support/documents/build-before.js'
import { BIN, hms, until } from '../../support/processes.js'
import { Bots, type Seen } from './bots.js'
import { UpgradeSystem } from './upgrade-system.js'

const SEED = 7
const BOTS = 25
const RUNS = 12
/** docs/how-to/upgrade.md: no reader waits. */
const MAX_STALE_MS = 5_000
const SDK = new URL('../../../dist/libs/client/src/index.js', import.meta.url).href

const suite: (name: string, tests: () => void) => void = hasHistory()
  ? describeKafka
  : (name, tests) => describe.skip(`${name} (skipped: this copy has no history to build it from; git fetch --unshallow)`, tests)

suite('the build before, replaced by this one, put back and replaced again, under load and with bots of both', () => {
  const history = new History(SEED)
  const cleanup: (() => Promise<unknown>)[] = []
  let system: UpgradeSystem
  let observer: Observer
  let load: Load
  let partner: Partner
  let readers: ConnectedReader[] = []
  let bots: { build: string; bots: Bots }[] = []

  beforeAll(async () => {
    system = await UpgradeSystem.start(history)
    cleanup.push(() => system.stop())
    observer = new Observer(system.database.url)
    cleanup.push(() => observer.close())
    partner = await Partner.register('state-airboard', system.url, system.dataDir)
    cleanup.push(() => partner.stop())
    load = new Load(system, observer, new Random(SEED), history, { policies: 50, officials: 3, calm: true })
    cleanup.push(() => load.close())
    await load.start()
    await accepted(RUNS)
    readers = await connectReaders(system.url)
    cleanup.push(() => Promise.all(readers.map(({ connection }) => connection.close())))
    bots = await Promise.all(
      Object.entries({ before: pathToFileURL(system.before.sdk).href, this: SDK }).map(async ([build, sdk]) => ({
        build,
        bots: await Bots.start(sdk, system.url, build, BOTS),
      })),
    )
  }, 900_000)

  afterAll(async () => {
    for (const step of cleanup.toReversed()) await step()
  }, 120_000)

  it('its tables become those of this build while it runs', async () => {
    expect(await hms(['migrate'], system.env)).toMatchObject({ code: 0 })
    expect(await hms(['topics', 'apply'], system.env)).toMatchObject({ code: 0 })
    await accepted(load.accepted + RUNS)
  }, 240_000)

  it('each of its processes is replaced by this build', async () => {
    await system.replace(BIN, (members) => members)
    await accepted(load.accepted + RUNS)
    await bothRead()
  }, 900_000)

  it('and put back, in the other order', async () => {
    await system.replace(system.before.bin, (members) => members.toReversed())
    await accepted(load.accepted + RUNS)
    await bothRead(false)
  }, 900_000)

  it('and replaced again: this build continues with what the one before did not read', async () => {
    await system.replace(BIN, (members) => members)
    await accepted(load.accepted + RUNS)
    await bothRead()
  }, 900_000)

  it('no run failed, no bot was stale for longer than five seconds, nothing was lost or done twice', async () => {
    const { findings, healing, summary } = await judge({ system, observer, load, partner, readers, history })
    const seen = await Promise.all(bots.map(async ({ build, bots: connected }) => ({ build, ...(await connected.stop()) })))
    const { repeated, unanswered, refusals } = load.ledger
    const calls = `${repeated} calls made again, ${unanswered.length} without an answer, ${refusals.size} kinds of refusals`
    process.stdout.write(`upgrade and back\n  ${[...summary, calls, ...seen.map(wordsOf)].join('\n  ')}\n`)
    const violations = findings.flatMap(({ oracle, violations: found }) => found.map((violation) => `${oracle}: ${violation}`))
    if (violations.length > 0) process.stdout.write(`history: ${history.save()}\n`)
    expect(healing.stuck).toEqual([])
    expect(violations).toEqual([])
    expect(findings.filter(({ looked }) => looked === 0)).toEqual([])
    expect(system.fleet.fell).toEqual([])
    expect([unanswered, [...refusals.keys()]]).toEqual([[], []])
    expect(await observer.rows<{ state: string }>('SELECT DISTINCT state FROM approver.run')).toEqual([{ state: 'SUCCEEDED' }])
    for (const { build, changes, errors, longestStaleMs } of seen) {
      expect(errors, build).toEqual([])
      expect(changes, build).toBeGreaterThan(0)
      expect(longestStaleMs, build).toBeLessThanOrEqual(MAX_STALE_MS)
    }
    // Longer than what the judge waits for the drain and for what settles.
  }, 600_000)

  /** What one build's services say is what the CLI of either reads and verifies. */
  async function bothRead(isSigned = true): Promise<void> {
    const [run] = load.ledger.approvals.slice(-1)
    const verbs: string[][] = [
      ['get', run!.policies[0]!.id, '--version', run!.policies[0]!.version, '--json'],
      ['runs', 'show', String(run!.run), '--json'],
      ['history', run!.policies[0]!.id, '--json'],
    ]
    await until(
      `run ${run!.run} is over`,
      async () => (await observer.count(`SELECT 1 FROM approver.run WHERE id = '${run!.run}' AND open = 'yes'`)) === 0,
    )
    for (const verb of verbs) {
      const [older, newer] = await Promise.all([hms(verb, system.env, undefined, system.before.bin), hms(verb, system.env)])
      expect(older, older.stderr).toMatchObject({ code: 0 })
      // The build before sends no signed history, and this CLI says so.
      const isUnsigned = verb[0] === 'history' && !isSigned
      expect(newer, newer.stderr).toMatchObject(
        isUnsigned ? { code: 10, stderr: expect.stringContaining('as earlier builds do') } : { code: 0 },
      )
    }
    // Not asked of the build before: it takes the order in which the log lists a bundle for the order that the stages signed.
    const audit = await hms(['audit', 'verify'], system.env)
    const [code, stderr] = isSigned ? [0, ''] : [10, 'as earlier builds do']
    expect(audit, audit.stderr).toMatchObject({ code, stderr: expect.stringContaining(stderr) })
  }

  function accepted(runs: number): Promise<void> {
    return until(`${runs} runs are accepted`, async () => load.accepted >= runs, 180_000)
  }
})

function wordsOf({ build, changes, longestStaleMs, longestGapMs, longestPauseMs }: Seen & { build: string }): string {
  const ms = (value: number): string => `${Math.round(value)} ms`
  return `${BOTS} bots of ${build}: ${changes} changes, stale ${ms(longestStaleMs)} at most, unconfirmed ${ms(longestGapMs)} at most (paused ${ms(longestPauseMs)})`
}

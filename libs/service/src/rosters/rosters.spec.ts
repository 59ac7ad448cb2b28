import { beforeEach, describe, expect, it } from 'vitest'
import { ROSTERS_AT_ONCE, type Envelope, type ReceivedEvent } from '#libs/contracts'
import { MemoryDatabase } from '#libs/persistence/testing'
import { silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import {
  DEMO_PEOPLE,
  demoRoster,
  generateKeyPair,
  localSigner,
  readRoster,
  signRoster,
  type Roster,
  type RosterPredicate,
} from '#libs/signing'
import { followRoster, RosterReader, Rosters } from './rosters.js'
import { ROSTERS } from './roster.table.js'

const pairs = DEMO_PEOPLE.map((name) => ({ name, ...generateKeyPair() }))
const service = generateKeyPair()
const first = demoRoster({
  people: pairs,
  services: [{ name: 'rollout', spki: service.spki }],
  operator: generateKeyPair(),
  expires: '2034-01-01T00:00:00Z',
})
const [one, two, three] = (await Promise.all([1, 2, 3].map((version) => roster(version)))) as [Envelope, Envelope, Envelope]

function roster(version: number, by = 2, expires = first.expires): Promise<Envelope> {
  const predicate: RosterPredicate = { ...first, version, expires }
  return signRoster(
    predicate,
    pairs.slice(0, by).map(({ privateKey }) => localSigner(privateKey)),
  )
}

const rotated = (version: number, envelope: Envelope): ReceivedEvent<'hms.roster.rotated.v1'> =>
  ({ type: 'hms.roster.rotated.v1', key: String(version), data: { version, envelope } }) as ReceivedEvent<'hms.roster.rotated.v1'>

/** A service with its table, and an instance of it. */
class Harness {
  readonly clock = new VirtualClock()
  readonly database = new MemoryDatabase(this.clock)
  readonly signals: string[] = []

  /** Logged lines above level debug. */
  readonly logged: string[] = []

  instance(pin: Envelope = one): { book: Rosters; reader: RosterReader; follow(version: number, envelope: Envelope): Promise<void> } {
    const book = new Rosters(readRoster(pin))
    const log = (level: string) => (_fields: object, text: string) => void this.logged.push(`${level}: ${text}`)
    const reader = new RosterReader(book, this.database, this.clock, { ...silentLogger, warn: log('warn'), error: log('error') })
    const follow = (version: number, envelope: Envelope) =>
      this.database.transaction((tx) =>
        followRoster(rotated(version, envelope), tx, book, { send: (topic) => void this.signals.push(topic) }),
      )
    return { book, reader, follow }
  }

  stored(): Promise<number[]> {
    return this.database.transaction(async (tx) => (await tx.documents(ROSTERS).find({ orderBy: 'version' })).map(({ version }) => version))
  }
}

describe('the rosters of a service', () => {
  let harness: Harness
  beforeEach(() => {
    harness = new Harness()
  })

  it('are followed step by step, stored, and announced to the other instances', async () => {
    const { book, follow } = harness.instance()
    await follow(2, two)
    await follow(3, three)
    expect([book.newest.version, await harness.stored(), harness.signals]).toEqual([3, [2, 3], ['rosters', 'rosters']])
  })

  it('are found again after a restart, whichever of them is pinned', async () => {
    const { follow, reader } = harness.instance()
    await reader.poll()
    await follow(2, two)
    await follow(3, three)
    for (const pin of [one, two, three]) {
      const again = harness.instance(pin)
      await again.reader.poll()
      expect(again.book.newest.version).toBe(3)
    }
    expect(await harness.stored()).toEqual([1, 2, 3])
  })

  it('are read at the next poll by an instance that was not notified', async () => {
    const [first, other] = [harness.instance(), harness.instance()]
    await other.reader.poll()
    other.reader.polls.start()
    await first.follow(2, two)
    expect(other.book.newest.version).toBe(1)
    harness.clock.advanceTo(harness.clock.nextAt()!)
    await expect.poll(() => other.book.newest.version).toBe(2)
    void other.reader.polls.stop()
    expect(await other.reader.poll()).toBe(false)
  })

  it('include the steps of another instance before the next step is handled', async () => {
    const [first, other] = [harness.instance(), harness.instance()]
    await first.follow(2, two)
    await other.follow(3, three)
    expect(other.book.newest.version).toBe(3)
  })

  it.each<[string, string, number, () => Promise<Envelope>]>([
    ['a step signed by one old root', 'HMS_ROSTER_THRESHOLD', 2, () => roster(2, 1)],
    ['a step too far', 'HMS_ROSTER_VERSION', 3, async () => three],
    ['an older one under a new number', 'HMS_ROSTER_VERSION', 2, async () => one],
  ])('refuse %s with %s', async (_what, code, version, envelope) => {
    const { book, follow } = harness.instance()
    await expect(follow(version, await envelope())).rejects.toMatchObject({ code, name: 'TerminalError' })
    expect([book.newest.version, await harness.stored(), harness.signals]).toEqual([1, [], []])
  })

  it('accept the same step twice, and never another step of the same version', async () => {
    const { follow } = harness.instance()
    await follow(2, two)
    await follow(2, two)
    await expect(follow(2, await roster(2, 2, '2035-01-01T00:00:00Z'))).rejects.toMatchObject({ code: 'HMS_ROSTER_VERSION' })
    expect(harness.signals).toHaveLength(1)
  })

  it('are not in force before the transaction is committed', async () => {
    const { book } = harness.instance()
    const failing = harness.database.transaction(async (tx) => {
      await followRoster(rotated(2, two), tx, book, { send: () => undefined })
      throw new Error('the database went away')
    })
    await expect(failing).rejects.toThrow('went away')
    expect([book.newest.version, await harness.stored()]).toEqual([1, []])
  })

  it('are verified again when they are read, so a forged row is ignored', async () => {
    const strangers = DEMO_PEOPLE.map((name) => ({ name, ...generateKeyPair() }))
    const own = demoRoster({ people: strangers, services: [], operator: generateKeyPair(), expires: first.expires })
    const forged = await signRoster(
      { ...own, version: 2 },
      strangers.map(({ privateKey }) => localSigner(privateKey)),
    )
    expect(readRoster(forged).version).toBe(2)
    await harness.database.transaction((tx) => tx.documents(ROSTERS).put({ version: 2, envelope: forged }))
    const { book, reader } = harness.instance()
    await reader.poll()
    expect(book.newest.version).toBe(1)
    expect(harness.logged).toEqual(['error: a stored roster is not a valid successor; the newest verified roster stays in force'])
  })

  it('are read again every half minute while the database is away, which is logged once for each outage', async () => {
    const { reader } = harness.instance()
    const { database } = harness
    const autocommit = database.autocommit.bind(database)
    const outage = async () => {
      database.autocommit = () => Promise.reject(new Error('connect ECONNREFUSED'))
      for (let poll = 0; poll < 3; poll++) expect(await reader.poll()).toBe(false)
      database.autocommit = autocommit
      await reader.poll()
    }
    const line = 'warn: stored rosters could not be read; the newest verified roster stays in force'
    await outage()
    expect(harness.logged).toEqual([line])
    await outage()
    expect(harness.logged).toEqual([line, line])
  })

  it('are all read when they are more than one page', async () => {
    const last = ROSTERS_AT_ONCE + 5
    for (let version = 2; version <= last; version++) {
      const envelope = await roster(version)
      await harness.database.transaction((tx) => tx.documents(ROSTERS).put({ version, envelope }))
    }
    const { book, reader } = harness.instance()
    await reader.poll()
    const newest: Roster = book.newest
    expect(newest.version).toBe(last)
  })
})

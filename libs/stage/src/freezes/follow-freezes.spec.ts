import { describe, expect, it } from 'vitest'
import { MAX_FREEZES, peekPredicate, STOP_THE_LINE, type FreezeRecord } from '#libs/contracts'
import { documentTable, type Timers, type Transaction } from '#libs/persistence'
import { MemoryDatabase } from '#libs/persistence/testing'
import type { StageState } from '#libs/pipeline'
import { digestOfPayload, nextRoster, signFreeze, signLift, signRoster, type Roster, type RosterPredicate } from '#libs/signing'
import { testIdentity } from '../../../../test/support/identity.js'
import { FollowFreezes, FREEZES } from './follow-freezes.js'

type Waiting = StageState & { state: string }
interface Scheduled {
  id: string
  dueAt: Date
  data: object
}

const TABLE = documentTable<Waiting>({
  name: 'stage',
  id: ({ run }) => String(run),
  keys: { state: { type: 'text', of: ({ state }) => state } },
})
const ENDS = new Date('2026-01-01T01:00:00Z')
const FREEZE = { id: 'drill', reason: 'drill', scope: 'global', from: '2026-01-01T00:00:00Z', until: ENDS.toISOString(), lifted: null }

it('notifies a second time after a freeze has ended, for a run stored after the first notification', async () => {
  let now = ENDS
  const { roster } = await testIdentity()
  const database = new MemoryDatabase({ now: () => now } as never)
  const handlers = new Map<string, (tx: Transaction, timer: { data: object }) => Promise<void>>()
  const scheduled = new Map<string, Scheduled>()
  const timers = {
    on: (kind: string, handle: (tx: Transaction, timer: { data: object }) => Promise<void>) => handlers.set(kind, handle),
    schedule: async (_tx: Transaction, timer: Scheduled) => void scheduled.set(timer.id, timer),
  } as unknown as Timers
  new FollowFreezes<Waiting>(
    { timers, rosters: { newest: roster } },
    {
      name: 'rollout',
      table: TABLE,
      states: ['waiting'],
      keysOf: () => [],
      scopesOf: () => ['global'],
      notify: async () => {},
    },
  ).listen()
  await database.transaction((tx) => tx.documents(FREEZES).put(FREEZE as unknown as FreezeRecord))
  const change = async (data: object): Promise<void> =>
    database.transaction((tx) => handlers.get('rollout-freeze-change')!(tx, { data })).then(() => undefined)

  await change({ id: 'drill' })
  expect([...scheduled.keys()]).toEqual(['rollout-freeze-change:drill'])
  const again = scheduled.get('rollout-freeze-change:drill')!
  expect(again.dueAt.getTime() - ENDS.getTime()).toBe(5_000)

  await database.transaction((tx) => tx.documents(TABLE).put({ run: 47, attempt: 1, key: 'pm25', state: 'waiting' } as Waiting))
  scheduled.clear()
  now = again.dueAt
  await change(again.data)
  expect([...scheduled.keys()]).toEqual(['rollout-freeze:47'])
})

it('reads all stored freezes, and deletes those that ended long ago when another is declared', async () => {
  const now = ENDS
  const { roster, people } = await testIdentity()
  const database = new MemoryDatabase({ now: () => now } as never)
  const stage = { name: 'rollout' as const, table: TABLE, states: [], keysOf: () => [], scopesOf: () => ['global'], notify: async () => {} }
  const freezes = new FollowFreezes<Waiting>({ timers: { on: () => {}, schedule: async () => {} }, rosters: { newest: roster } }, stage)
  const past = { ...FREEZE, declaredAt: '2025-01-01T00:00:00Z' } as unknown as FreezeRecord
  const coming = { ...past, id: 'coming', from: '2026-02-01T00:00:00Z', until: '2026-02-02T00:00:00Z' }
  await database.transaction(async (tx) => {
    for (let index = 0; index < MAX_FREEZES; index++) await tx.documents(FREEZES).put({ ...past, id: `past-${index}` })
    for (const freeze of [coming, { ...past, id: STOP_THE_LINE, until: undefined }]) await tx.documents(FREEZES).put(freeze)
  })
  const against = () => database.transaction((tx) => freezes.against(tx, ['global']))
  expect((await against())?.id).toBe(STOP_THE_LINE)
  const freeze = { id: 'drill', reason: 'drill', scope: 'global' }
  const statement = await signFreeze(freeze, { at: now, installation: roster.installation }, people.get('EPA Chief')!)
  const declared = { ...freeze, by: 'EPA Chief', declaredAt: now.toISOString(), statement, lifted: null }
  await database.transaction((tx) => freezes.save(tx, declared))
  const kept = await database.transaction((tx) => tx.documents(FREEZES).find())
  expect(kept.map(({ id }) => id)).toEqual(['coming', 'drill', STOP_THE_LINE])
})

describe('a freeze whose declarer has left since', () => {
  const BEFORE = '2025-12-31T00:00:00Z'

  /** A stage that stores freezes, and a freeze that EPA Chief declared and EPA Counsel lifted. `leave` replaces the stage's roster. */
  async function fixture() {
    const { roster, people } = await testIdentity()
    const database = new MemoryDatabase({ now: () => ENDS } as never)
    const rosters = { newest: roster }
    const stage = {
      name: 'rollout' as const,
      table: TABLE,
      states: [],
      keysOf: () => [],
      scopesOf: () => ['global'],
      notify: async () => {},
    }
    const freezes = new FollowFreezes<Waiting>({ timers: { on: () => {}, schedule: async () => {} }, rosters }, stage)
    const signedFor = { at: ENDS, installation: roster.installation }
    const declare = async (reason: string, by = 'EPA Chief'): Promise<FreezeRecord> => {
      const freeze = { id: 'drill', reason, scope: 'global' }
      const statement = await signFreeze(freeze, signedFor, people.get(by)!)
      return { ...freeze, by, declaredAt: ENDS.toISOString(), statement, lifted: null }
    }
    const lift = async (freeze: FreezeRecord, of = freeze, by = 'EPA Counsel'): Promise<FreezeRecord> => {
      const declared = digestOfPayload(of.statement)
      const statement = await signLift({ id: 'drill', declared, reason: 'over' }, signedFor, people.get(by)!)
      return { ...freeze, lifted: { by, reason: 'over', at: ENDS.toISOString(), statement } }
    }
    const leave = async (change: (predicate: RosterPredicate, chief: string) => void): Promise<Roster> => {
      const predicate = structuredClone(peekPredicate<RosterPredicate>(roster.envelope))
      change(predicate, roster.principalByName('EPA Chief')!.id)
      const next = { ...predicate, version: roster.version + 1 }
      return (rosters.newest = nextRoster(roster, await signRoster(next, [...people.values()])))
    }
    return {
      declare,
      lift,
      leave,
      save: (freeze: FreezeRecord) => database.transaction((tx) => freezes.save(tx, freeze)),
      blocks: () => database.transaction(async (tx) => (await freezes.against(tx, ['global'])) !== null),
    }
  }
  const revoked = (predicate: RosterPredicate, chief: string): void => {
    predicate.revoked = [{ keyid: predicate.principals[chief]!.keys[0]!.keyid, since: BEFORE, reason: 'stolen' }]
  }
  const withoutRole = (predicate: RosterPredicate, chief: string): void => {
    for (const role of predicate.roles) role.principals = role.principals.filter((each) => each !== chief)
  }

  it.each([
    ['a revoked key', revoked],
    ['no role', withoutRole],
  ])('and has %s now is lifted', async (_what, change) => {
    const { declare, lift, leave, save, blocks } = await fixture()
    const freeze = await declare('drill')
    await save(freeze)
    expect(await blocks()).toBe(true)
    await leave(change)
    await save(await lift(freeze))
    expect(await blocks()).toBe(false)
  })

  it('stays lifted when a stage reads the topic from its beginning, or reads the declaration again', async () => {
    const { declare, lift, leave, save, blocks } = await fixture()
    const freeze = await declare('drill')
    await leave(revoked)
    await expect(save(freeze)).rejects.toMatchObject({ code: expect.stringContaining('HMS_') as string })
    await save(await lift(freeze))
    await save(freeze)
    expect(await blocks()).toBe(false)
  })

  it('is not lifted by a person who may not, nor by a lift of another declaration', async () => {
    const { declare, lift, leave, save, blocks } = await fixture()
    const [freeze, other] = [await declare('drill', 'EPA Counsel'), await declare('other')]
    await save(freeze)
    await leave(revoked)
    await expect(save(await lift(freeze, freeze, 'EPA Chief'))).rejects.toThrow()
    await expect(save(await lift(freeze, other))).rejects.toMatchObject({ code: 'HMS_FREEZE_OTHER' })
    // Names its own declaration, which does not verify and is not the one that the stage stores.
    await expect(save(await lift(other))).rejects.toThrow()
    expect(await blocks()).toBe(true)
  })
})

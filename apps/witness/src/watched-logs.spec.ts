import { silentLogger } from '#libs/platform'
import { VirtualClock } from '#libs/platform/testing'
import { demoRoster, generateKeyPair, localSigner, readRoster, signRoster, type Roster, type RosterPredicate } from '#libs/signing'
import type { WitnessResponse } from '#libs/witness'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { withRosterRefresh, WatchedLogs } from './watched-logs.js'

const [chief, counsel, operator, log, renewed, witness] = Array.from({ length: 6 }, generateKeyPair) as [Pair, Pair, Pair, Pair, Pair, Pair]
type Pair = ReturnType<typeof generateKeyPair>

const predicateOf = ({ spki }: Pair): RosterPredicate =>
  demoRoster({
    people: [
      { name: 'EPA Chief', spki: chief.spki },
      { name: 'EPA Counsel', spki: counsel.spki },
    ],
    services: [],
    operator,
    log: { spki, witness: witness.spki },
    expires: '2036-01-01T00:00:00Z',
  })
const read = async (predicate: RosterPredicate): Promise<Roster> =>
  readRoster(
    await signRoster(
      predicate,
      [chief, counsel].map(({ privateKey }) => localSigner(privateKey)),
    ),
  )

describe('WatchedLogs', () => {
  let clock: VirtualClock
  let file: RosterPredicate | undefined
  let reads: number
  let logs: WatchedLogs
  beforeEach(async () => {
    clock = new VirtualClock('2026-03-01T00:00:00Z')
    file = predicateOf(log)
    reads = 0
    const open = async (): Promise<Roster> => {
      reads++
      if (file === undefined) throw new Error('cut in the middle')
      return read(file)
    }
    logs = new WatchedLogs({ roster: await read(file), read: open, clock, log: silentLogger })
  })
  const keys = (): string[] => logs.keys().map(({ key }) => key.export({ format: 'der', type: 'spki' }).toString('base64'))

  it('keeps the log of the newest roster that the file has ever had', async () => {
    const step = async (next: RosterPredicate | undefined): Promise<boolean> => {
      file = next
      clock.advanceTo(clock.now().getTime() + 1_000)
      return logs.renew()
    }
    expect(await step({ ...predicateOf(renewed), version: 2 })).toBe(true)
    expect(keys()).toEqual([renewed.spki])
    expect(await step(predicateOf(log))).toBe(false)
    expect(await step(undefined)).toBe(false)
    expect(keys()).toEqual([renewed.spki])
  })

  it('reads the file at most once a second, however many checkpoints are refused', async () => {
    const witness = withRosterRefresh(
      { key: logs.keys()[0]!, addCheckpoint: async (): Promise<WitnessResponse> => ({ status: 403, body: '' }) },
      logs,
    )
    for (let request = 0; request < 5; request++) expect(await witness.addCheckpoint('')).toEqual({ status: 403, body: '' })
    expect(reads).toBe(1)
  })

  it('reads the file again after the clock was set back', async () => {
    await logs.renew()
    vi.spyOn(clock, 'now').mockReturnValue(new Date('2026-02-01T00:00:00Z'))
    file = { ...predicateOf(renewed), version: 2 }
    expect(await logs.renew()).toBe(false)
    clock.advanceTo(clock.elapsedMs() + 1_000)
    expect(await logs.renew()).toBe(true)
  })

  it('includes the previous log until its period ends', async () => {
    const { log: before, witnesses, quorum } = file as Required<RosterPredicate>
    file = { ...predicateOf(renewed), version: 2, earlierLogs: [{ log: before, witnesses, quorum, until: '2026-03-01T01:00:00Z' }] }
    clock.advanceTo(clock.now().getTime() + 1_000)
    await logs.renew()
    expect(keys()).toEqual([renewed.spki, log.spki])
    clock.advanceTo(clock.now().getTime() + 3_600_000)
    expect(keys()).toEqual([renewed.spki])
  })
})

import { afterEach, describe, expect, it } from 'vitest'
import { bearer } from '#libs/client'
import { AT_WRITE_LIMIT, HmsError, type CanaryFigures, type IssuedToken, type TokenRequest } from '#libs/contracts'
import { MemoryBus, MemoryLog } from '#libs/messaging/testing'
import { bucketOf, inShare } from '#libs/policy'
import { LooseApi } from '../support/loose-api.js'
import { startMemorySystem, type MemorySystem } from '../support/memory-system.js'
import { PipelineDriver } from '../support/pipeline-driver.js'
import { RawBot } from '../support/raw-bot.js'

const EVERYONE_OF_NCR = { share: 10_000, scope: 'region:NCR', observeMs: 30_000, bakeMs: 30_000 }

let system: MemorySystem
let press: PipelineDriver
let bots: RawBot[] = []

afterEach(async () => {
  for (const bot of bots) bot.close()
  bots = []
  await system.stop()
})

/** A second version in its canary, observed with these bots of NCR, which run it. */
async function observed(
  names: string[],
  {
    scenario = 'reading.pm25 > double(policy["pm25-limit"].limit)',
    bus = new MemoryBus(),
    settings = {},
    ...plan
  }: { scenario?: string; bus?: MemoryBus; settings?: NodeJS.ProcessEnv; share?: number; observeMs?: number } = {},
): Promise<number> {
  system = await startMemorySystem(settings, bus)
  press = new PipelineDriver(system)
  await press.api.post('/v1/scenarios', {
    file: 's.yaml',
    source: `id: pm25-violation\npolicies: [pm25-limit]\ncorpus: none\nalert: '${scenario}'\n`,
  })
  await press.whenState(await press.approve(['pm25-limit@1.0.0=35'], { observeMs: 0, bakeMs: 0 }), 'SUCCEEDED')
  bots = await Promise.all(names.map((name) => RawBot.connect(system.url, name, 'NCR')))
  const run = await press.approve(['pm25-limit@2.0.0=25'], { ...EVERYONE_OF_NCR, ...plan })
  await until(run, 'observing')
  return run
}

async function until(run: number, state: string): Promise<void> {
  await system.runUntil(async () => {
    for (const bot of bots) bot.acknowledge('pm25-limit', system.clock.now().getTime())
    return (await press.show(run)).state !== 'QUEUED' && (await canary(run))?.state === state
  }, 400_000)
}

async function canary(
  run: number,
): Promise<{ state: string; alerts: number; unexplained: { bot: string }[]; summary: string; figures: CanaryFigures } | undefined> {
  return press.api
    .get<{ state: string; alerts: number; unexplained: { bot: string }[]; summary: string; figures: CanaryFigures }>(`/v1/canaries/${run}`)
    .catch(() => undefined)
}

interface AlertMore {
  region?: string
  reading?: object
  pm25?: number
  /** Caller that reports it; the operator by default. */
  by?: LooseApi
}

async function alert(id: string, bot: string, more: AlertMore = {}): Promise<string> {
  const { region = 'NCR', pm25 = 5, reading = { id: `reading-${id}`, at: '2026-01-01T00:00:00Z', region, pm25 }, by = press.api } = more
  try {
    await by.post('/v1/alerts', { id, bot, region, kind: 'Violation', value: pm25, reading })
    await system.settle()
    return 'accepted'
  } catch (error) {
    if (!(error instanceof HmsError)) throw error
    return `${error.status} ${error.code}`
  }
}

describe('a control group', () => {
  const named = Array.from({ length: 40 }, (_, index) => `ncr-${index}`)
  const inside = named.filter((bot) => inShare(bucketOf('pm25-limit', bot), 5_000)).slice(0, 2)
  const [ghost, ...outside] = named.filter((bot) => !inShare(bucketOf('pm25-limit', bot), 5_000)).slice(0, 4)

  it('is the bots of the scope outside the cohort, whose alerts are compared with what is in force there', async () => {
    const run = await observed([...inside, ...outside], { share: 5_000, observeMs: 2_000 })
    expect((await canary(run))!.figures).toMatchObject({ cohort: 2, control: 3, lacks: [] })
    // The first is explained by 35 and by 25, the second by 25 alone, the third by neither.
    for (const [index, pm25] of [40, 30, 5].entries()) await alert(`outside-${index}`, outside[index]!, { pm25 })
    await alert('elsewhere', 'texas-6', { region: 'TX' })
    await alert('nobody', ghost!)
    expect((await canary(run))!.figures).toMatchObject({ controlAlerts: 2, cohortAlerts: 0 })
    await alert('inside', inside[0]!)
    expect((await canary(run))!.figures).toMatchObject({ controlAlerts: 2, cohortAlerts: 1 })
    await until(run, 'baking')
    const stage = (await press.show(run)).stages.find((each) => each.stage === 'canary')!
    expect(stage).toMatchObject({ verdict: 'PASS', figures: { controlAlerts: 2, cohortAlerts: 1, isDoublingExcluded: false } })
    expect(stage.detail).toMatch(/expected \d\.\d; power vs 2x \d+%; LOW_POWER$/)
  })
})

describe('a bot that would end a canary alone', () => {
  it('and was never connected ends none beside a bot that is', async () => {
    const run = await observed(['ncr-1'])
    for (const id of ['a1', 'a2', 'a3']) expect(await alert(id, 'texas-6')).toBe('accepted')
    expect(await press.show(run)).toMatchObject({ state: 'CANARY' })
    expect(await canary(run)).toMatchObject({
      state: 'observing',
      alerts: 3,
      unexplained: [{ bot: 'texas-6' }, { bot: 'texas-6' }, { bot: 'texas-6' }],
      summary: expect.stringContaining('3 unexplained alerts of texas-6 alone'),
    })
  })

  it('ends it when it is the whole cohort', async () => {
    const run = await observed(['ncr-1'])
    for (const id of ['a1', 'a2']) await alert(id, 'ncr-1')
    expect(await press.show(run)).toMatchObject({ state: 'ROLLED_BACK', reason: 'UNEXPLAINED_ALERTS' })
  })

  it('is of the region of its stream, whatever it claims', async () => {
    const run = await observed(['ncr-1'])
    bots.push(await RawBot.connect(system.url, 'texas-6', 'TX'))
    expect(await alert('a1', 'texas-6')).toBe('403 HMS_BOT_REGION')
    expect(await alert('a2', 'texas-6', { region: 'TX' })).toBe('accepted')
    expect(await alert('a3', 'texas-6', { region: '' })).toBe('accepted')
    expect(await canary(run)).toMatchObject({ alerts: 0 })
    expect(await alert('a4', 'ncr-1', { region: '' })).toBe('accepted')
    expect(await canary(run)).toMatchObject({ alerts: 1 })
  })

  it('takes no id from another', async () => {
    const run = await observed(['ncr-1', 'ncr-2', 'ncr-3'])
    await alert('same', 'ncr-1', { pm25: 99 })
    await alert('same', 'ncr-2')
    await alert('other', 'ncr-3')
    expect(await press.show(run)).toMatchObject({ state: 'ROLLED_BACK' })
  })
})

describe('one key for sixteen bots', () => {
  const named = Array.from({ length: 16 }, (_, index) => `ghost-${index}`)

  async function keyFor(region?: string): Promise<LooseApi> {
    const request: TokenRequest = { scopes: named.map((bot) => `bot:${bot}`), ...(region === undefined ? {} : { region }) }
    const { token } = await press.api.post<IssuedToken>('/v1/tokens', request)
    await system.settle()
    return new LooseApi({ url: system.url, authorize: bearer(token) })
  }

  it('counts as one where their streams acknowledged nothing of the canary', async () => {
    const run = await observed(['ncr-1', 'ncr-2'])
    const by = await keyFor('NCR')
    bots.push(await RawBot.connect(system.url, 'ghost-0', 'NCR'))
    for (const bot of named) expect(await alert(`of-${bot}`, bot, { by })).toBe('accepted')
    expect(await canary(run)).toMatchObject({
      state: 'observing',
      alerts: 16,
      summary: expect.stringMatching(/16 unexplained alerts of bots of key \S+ alone/),
    })
    await alert('another', 'ncr-1')
    expect(await press.show(run)).toMatchObject({ state: 'ROLLED_BACK', reason: 'UNEXPLAINED_ALERTS' })
  })

  it('ends no canary alone, although no other bot is connected', async () => {
    const run = await observed([])
    const by = await keyFor('NCR')
    for (const bot of named) expect(await alert(`of-${bot}`, bot, { by })).toBe('accepted')
    expect(await canary(run)).toMatchObject({ state: 'observing', alerts: 16 })
  })

  it('counts in no region that neither key nor stream names', async () => {
    const run = await observed(['ncr-1', 'ncr-2'])
    const by = await keyFor()
    for (const bot of named) expect(await alert(`of-${bot}`, bot, { by })).toBe('accepted')
    expect(await canary(run)).toMatchObject({ state: 'observing', alerts: 0 })
  })

  it('counts by bot for those whose streams acknowledged the canary', async () => {
    const run = await observed(['ncr-1', ...named.slice(0, 2)])
    const by = await keyFor('NCR')
    await alert('a', named[0]!, { by })
    expect(await press.show(run)).toMatchObject({ state: 'CANARY' })
    await alert('b', named[1]!, { by })
    expect(await press.show(run)).toMatchObject({ state: 'ROLLED_BACK', reason: 'UNEXPLAINED_ALERTS' })
  })

  it('counts as one in the bake too', async () => {
    const run = await observed(['ncr-1', 'ncr-2'])
    await system.runUntil(async () => {
      for (const bot of bots) bot.acknowledge('pm25-limit', system.clock.now().getTime())
      return (await press.show(run)).state === 'BAKING'
    }, 400_000)
    const by = await keyFor('NCR')
    for (const bot of named) await alert(`of-${bot}`, bot, { by })
    expect(await press.show(run)).toMatchObject({ state: 'BAKING' })
  })
})

describe('a flood without a key', () => {
  // So few that a slow machine, too, writes more often.
  const WRITES_PER_SECOND = 5
  const names = Array.from({ length: 1_000 }, (_, index) => `flood-${index}`)
  const settings = { HMS_HTTP_WRITES_PER_SECOND: String(WRITES_PER_SECOND) }
  const post = async (path: string, body: object): Promise<number> => {
    const headers = { 'content-type': 'application/json', connection: 'close' }
    return (await fetch(system.url + path, { method: 'POST', headers, body: JSON.stringify(body) })).status
  }
  const alertAtOnce = async (some: string[]): Promise<number[]> => {
    const statuses = await Promise.all(some.map((bot) => post('/v1/alerts', { id: bot, bot, region: 'NCR', kind: 'Violation' })))
    await system.settle()
    return statuses
  }

  it('counts as one where its address writes as often as it may', async () => {
    const run = await observed(['ncr-1'], { settings })
    await Promise.all(names.slice(0, 20 * WRITES_PER_SECOND).map(() => post('/v1/approvals/prepare', {})))
    let accepted = 0
    for (let rounds = 0; accepted < 2 && rounds < 100; rounds++) {
      const statuses = await alertAtOnce(names.slice(10 * rounds, 10 * rounds + 10))
      accepted += statuses.filter((status) => status === 202).length
    }
    const { unexplained, ...rest } = (await canary(run))!
    expect(rest).toMatchObject({ state: 'observing', alerts: accepted })
    expect(unexplained.map(({ bot }) => bot)).toEqual(Array.from({ length: accepted }, () => AT_WRITE_LIMIT))
  })

  it('counts by bot below that', async () => {
    const run = await observed(['ncr-1'], { settings })
    expect(await alertAtOnce(names.slice(0, 2))).toEqual([202, 202])
    expect(await press.show(run)).toMatchObject({ state: 'ROLLED_BACK', reason: 'UNEXPLAINED_ALERTS' })
  })
})

describe('what bots write on the topic without a signature', () => {
  const TOPIC = 'hms.bot.alert.v1'
  let log: MemoryLog
  let bus: MemoryBus

  async function write(
    bot: string,
    id: string,
    more: { value?: string; headers?: Record<string, string>; key?: string } = {},
  ): Promise<void> {
    const alert = { id, bot, region: 'NCR', kind: 'Violation', value: 5, reading: { id: `reading-${id}`, pm25: 5 } }
    const { value = JSON.stringify(alert), headers = {}, key = bot } = more
    log.topic(TOPIC).push({ topic: TOPIC, key, value, headers, position: `0:${log.topic(TOPIC).length}` })
    bus.announce()
    await system.settle()
  }

  it('counts as one bot, whatever names it gives, beside what was signed', async () => {
    log = new MemoryLog()
    bus = new MemoryBus(log)
    const run = await observed(['ncr-1', 'ncr-2'], { bus })
    for (const bot of ['ghost-1', 'ghost-2', 'ghost-3']) await write(bot, `of-${bot}`)
    await write('ghost-1', 'of-ghost-1')
    expect(await canary(run)).toMatchObject({
      state: 'observing',
      alerts: 3,
      summary: expect.stringContaining('3 unexplained alerts of bots without a signature alone'),
    })
    await alert('signed', 'ncr-1')
    expect(await press.show(run)).toMatchObject({ state: 'ROLLED_BACK' })
  })

  it.each([
    ['that is too large', { value: JSON.stringify({ id: 'a', bot: 'b', kind: 'V', reading: { x: 'y'.repeat(20_000) } }) }],
    ['with a NUL in its reading', { value: JSON.stringify({ id: 'a', bot: 'b', kind: 'V', reading: { 'x\0': 1 } }) }],
    ['that is no alert', { value: '[1]' }],
    ['under the name of another', { key: 'other' }],
    ['that claims to come from config-store', { headers: { ce_source: '/hms-svc/config-store' } }],
  ])('is refused and kept for people when it is one %s', async (_name, more) => {
    log = new MemoryLog()
    bus = new MemoryBus(log)
    const run = await observed(['ncr-1'], { bus })
    await write('b', 'a', more)
    expect(await canary(run)).toMatchObject({ alerts: 0 })
    expect(await press.api.get<unknown[]>('/v1/dead-letters/canary-controller')).toHaveLength(1)
  })
})

describe('alerts in the bake', () => {
  it('of two bots roll the whole run back; of one bot they are shown', async () => {
    const run = await observed(['ncr-1', 'ncr-2'])
    await until(run, 'baking')
    await system.runUntil(async () => (await press.show(run)).state === 'BAKING', 60_000)
    for (const id of ['a1', 'a2']) await alert(id, 'ncr-1')
    expect(await press.show(run)).toMatchObject({ state: 'BAKING' })
    expect(await press.limit('pm25-limit')).toBe(25)
    await alert('b1', 'ncr-2')
    expect(await press.show(run)).toMatchObject({ state: 'ROLLED_BACK', reason: 'UNEXPLAINED_ALERTS' })
    expect(await press.limit('pm25-limit')).toBe(35)
  })

  it('no longer count once it has ended', async () => {
    const run = await observed(['ncr-1', 'ncr-2'])
    await until(run, 'ended')
    await system.runUntil(async () => (await press.show(run)).state === 'SUCCEEDED', 60_000)
    await alert('a1', 'ncr-1')
    await alert('b1', 'ncr-2')
    expect(await press.show(run)).toMatchObject({ state: 'SUCCEEDED' })
    expect(await press.limit('pm25-limit')).toBe(25)
  })
})

describe('a reading', () => {
  it.each([
    ['a NUL in a value', { id: 'a\0' }],
    ['a NUL in a key, deep down', { id: 'a', facts: [{ 'k\0': 1 }] }],
    ['half a surrogate pair', { id: 'a', name: '\ud800' }],
    ['half a surrogate pair in a key', { id: 'a', '\udc00': 1 }],
    ['more than 16 KiB', { id: 'a', text: 'y'.repeat(16 * 1024) }],
    ['more than 16 KiB of two-byte letters', { id: 'a', text: 'ö'.repeat(9 * 1024) }],
    ['too deep a nest', JSON.parse(`{"id":"a","x":${'['.repeat(13)}${']'.repeat(13)}}`) as object],
    ['a number that JSON cannot tell', { id: 'a', pm25: 2 ** 60 }],
  ])('with %s is refused', async (_name, reading) => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
    expect(await alert('a1', 'ncr-1', { reading })).toBe('400 HMS_HTTP_BODY_INVALID')
  })

  it('of 16 KiB is taken', async () => {
    system = await startMemorySystem()
    press = new PipelineDriver(system)
    expect(await alert('a1', 'ncr-1', { reading: { id: 'a', text: 'y'.repeat(16_000), ü: 'ö' } })).toBe('accepted')
  })
})

describe('a scenario that takes more steps than a question may', () => {
  it('explains nothing, and is not run', async () => {
    const run = await observed(['ncr-1', 'ncr-2'], { scenario: 'reading.list.all(a, reading.list.all(b, a + b >= 0.0))' })
    await alert('a1', 'ncr-1', { reading: { id: 'r1', list: Array.from({ length: 20 }, () => 1) } })
    expect(await canary(run)).toMatchObject({ alerts: 1, unexplained: [] })
    await alert('a2', 'ncr-1', { reading: { id: 'r2', list: Array.from({ length: 900 }, () => 1) } })
    expect(await canary(run)).toMatchObject({ alerts: 2, unexplained: [{ bot: 'ncr-1' }] })
  })
})

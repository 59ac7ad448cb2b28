import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SERVICES } from '#libs/contracts'
import { deep } from '../support/deep.config.js'
import { testIdentity } from '../support/identity.js'
import { perform, registerPartners } from './deeds.js'
import { forgetEvents, QUICK_SEAL } from './quick-events.js'
import { useQuickSignatures } from './quick-signatures.js'
import { calm } from './simulate.js'
import { planOf, type Deed } from './plan.js'
import { Random } from './random.js'
import { openRuns, restless } from './rest.js'
import { layGround, World, type Ground } from './world.js'

const RUNS = deep ? 10_000 : 240
const POLICIES = 5
const RETENTION_DAYS = 20
/** Two retentions are over at the half of the quick life; the long one lives through more than a hundred. */
const BETWEEN_RUNS_MS = 8 * 60 * 60 * 1000
/** What an auditor needs stays: the log, its tree, every document that was ever live, and what each version meant. */
const KEPT_FOR_GOOD = new Set([
  'audit entry',
  'audit tree_node',
  'audit logged_release',
  'audit entry_actor',
  'audit kept_event',
  'audit attestation',
  'approver document:policy_version',
  'rollout document:live_version',
  'config-store document:live_head',
  'config-store document:live_release',
])
/** Bounded by a number of rows of its own, which these lives do not reach: the window over which readers resume. */
const BOUNDED_BY_COUNT = new Set(['config-store document:revision'])

/** The simulator's own notes of which handler saw what. */
const SIGHTINGS = 'simulation_sighting'

describe('a long life', () => {
  let ground: Ground
  let restore: () => void
  beforeAll(async () => {
    restore = useQuickSignatures()
    ground = await layGround(await testIdentity(), QUICK_SEAL)
  })
  afterAll(() => restore())

  it('leaves every table below its bound', { timeout: 120_000 + RUNS * 500 }, async () => {
    const random = new Random(1)
    const plan = planOf(random.fork())
    calm(plan)
    Object.assign(plan, { partners: 2, environment: { ...plan.environment, HMS_RETENTION: `${RETENTION_DAYS}d` } })
    const world = new World(ground, random.fork(), plan, Infinity)
    let middle: Map<string, number> | undefined
    let end: Map<string, number> | undefined
    await world.scheduler.run(async () => {
      world.start()
      await registerPartners(world, plan.partners)
      for (let run = 1; run <= RUNS; run++) {
        await perform(world, deedOf(run), run)
        // A rollback, taken as often as people would.
        if (run % 9 === 0) await perform(world, { do: 'roll back', atMs: 2_000, policy: policyOf(run) }, run)
        if (run % 7 === 0)
          await perform(world, { do: 'alert', atMs: 100, bot: `bot-${run}`, reading: String(run), lies: false, times: 1 }, run)
        await rest(world)
        world.scheduler.skip(BETWEEN_RUNS_MS)
        forgetWhatNobodyReads(world)
        if (run === Math.floor(RUNS / 2)) middle = sizes(world)
      }
      await rest(world)
      end = sizes(world)
    })
    expect(world.press.accepted.size).toBe(RUNS)
    const grown = [...end!].filter(
      ([table, rows]) => !KEPT_FOR_GOOD.has(table) && !BOUNDED_BY_COUNT.has(table) && rows > 1.25 * (middle!.get(table) ?? 0) + 10,
    )
    expect(grown.map(([table, rows]) => `${table}: ${middle!.get(table)} rows after ${RUNS / 2} runs, ${rows} after ${RUNS}`)).toEqual([])
    const documents = documentBytes(world, 'approver', 'policy')
    expect(Math.max(...documents)).toBeLessThan(16 * 1024)
  })
})

function policyOf(run: number): string {
  return `policy-${run % POLICIES}`
}

function deedOf(run: number): Deed {
  const policies = [{ id: policyOf(run), version: `${run}.0.0`, limit: 10 + (run % 40) }]
  return { do: 'approve', atMs: 0, policies, plan: { observeMs: 300, bakeMs: 300 }, queue: false, twice: false }
}

/** Until every run has ended and nothing moves. */
async function rest(world: World): Promise<void> {
  for (let quiet = 0; quiet < 2;) {
    await world.scheduler.sleep(500)
    quiet = (await restless(world)).length === 0 && (await openRuns(world)).length === 0 ? quiet + 1 : 0
  }
}

/** Of the simulator, not of the system: what has been read by everybody. */
function forgetWhatNobodyReads(world: World): void {
  forgetEvents()
  world.history.lines.length = 0
  for (const service of SERVICES) world.node(service).durable.tables.get(SIGHTINGS)?.clear()
  for (const topic of world.broker.names) for (const records of world.broker.partitions(topic)) records.fill(undefined as never)
}

/** Rows by `service table`. */
function sizes(world: World): Map<string, number> {
  const found = new Map<string, number>()
  for (const service of SERVICES) {
    for (const [table, rows] of world.node(service).durable.tables)
      if (!table.startsWith('put:') && table !== SIGHTINGS) found.set(`${service} ${table}`, rows.size)
  }
  return found
}

function documentBytes(world: World, service: (typeof SERVICES)[number], table: string): number[] {
  return [...world.node(service).durable.tables.get(`document:${table}`)!.values()].map((document) => JSON.stringify(document).length)
}

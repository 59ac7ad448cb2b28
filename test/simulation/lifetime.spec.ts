import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SERVICES } from '#libs/contracts'
import { deep } from '../support/deep.config.js'
import { testIdentity } from '../support/identity.js'
import { perform, registerPartners } from './actions.js'
import { forgetEvents, QUICK_SEAL } from './quick-events.js'
import { useQuickSignatures } from './quick-signatures.js'
import { calm } from './simulate.js'
import { planOf, type Action } from './plan.js'
import { Random } from './random.js'
import { openRuns, restless } from './rest.js'
import { layGround, Harness, type Ground } from './harness.js'

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
    const harness = new Harness(ground, random.fork(), plan, Infinity)
    let middle: Map<string, number> | undefined
    let end: Map<string, number> | undefined
    await harness.scheduler.run(async () => {
      harness.start()
      await registerPartners(harness, plan.partners)
      for (let run = 1; run <= RUNS; run++) {
        await perform(harness, actionOf(run), run)
        // A rollback, taken as often as people would.
        if (run % 9 === 0) await perform(harness, { do: 'roll back', atMs: 2_000, policy: policyOf(run) }, run)
        if (run % 7 === 0)
          await perform(harness, { do: 'alert', atMs: 100, bot: `bot-${run}`, reading: String(run), lies: false, times: 1 }, run)
        await rest(harness)
        harness.scheduler.skip(BETWEEN_RUNS_MS)
        forgetWhatNobodyReads(harness)
        if (run === Math.floor(RUNS / 2)) middle = sizes(harness)
      }
      await rest(harness)
      end = sizes(harness)
    })
    expect(harness.press.accepted.size).toBe(RUNS)
    const grown = [...end!].filter(
      ([table, rows]) => !KEPT_FOR_GOOD.has(table) && !BOUNDED_BY_COUNT.has(table) && rows > 1.25 * (middle!.get(table) ?? 0) + 10,
    )
    expect(grown.map(([table, rows]) => `${table}: ${middle!.get(table)} rows after ${RUNS / 2} runs, ${rows} after ${RUNS}`)).toEqual([])
    const documents = documentBytes(harness, 'approver', 'policy')
    expect(Math.max(...documents)).toBeLessThan(16 * 1024)
  })
})

function policyOf(run: number): string {
  return `policy-${run % POLICIES}`
}

function actionOf(run: number): Action {
  const policies = [{ id: policyOf(run), version: `${run}.0.0`, limit: 10 + (run % 40) }]
  return { do: 'approve', atMs: 0, policies, plan: { observeMs: 300, bakeMs: 300 }, queue: false, twice: false }
}

/** Until every run has ended and nothing moves. */
async function rest(harness: Harness): Promise<void> {
  for (let quiet = 0; quiet < 2;) {
    await harness.scheduler.sleep(500)
    quiet = (await restless(harness)).length === 0 && (await openRuns(harness)).length === 0 ? quiet + 1 : 0
  }
}

/** Of the simulator, not of the system: what has been read by everybody. */
function forgetWhatNobodyReads(harness: Harness): void {
  forgetEvents()
  harness.history.lines.length = 0
  for (const service of SERVICES) harness.node(service).durable.tables.get(SIGHTINGS)?.clear()
  for (const topic of harness.broker.names) for (const records of harness.broker.partitions(topic)) records.fill(undefined as never)
}

/** Rows by `service table`. */
function sizes(harness: Harness): Map<string, number> {
  const found = new Map<string, number>()
  for (const service of SERVICES) {
    for (const [table, rows] of harness.node(service).durable.tables)
      if (!table.startsWith('put:') && table !== SIGHTINGS) found.set(`${service} ${table}`, rows.size)
  }
  return found
}

function documentBytes(harness: Harness, service: (typeof SERVICES)[number], table: string): number[] {
  return [...harness.node(service).durable.tables.get(`document:${table}`)!.values()].map((document) => JSON.stringify(document).length)
}

import { stateOf } from '#libs/pipeline'
import { strike, resume } from './blows.js'
import { NO_FAULTS } from './faults.js'
import { perform, registerPartners } from './actions.js'
import { collect, type Evidence } from './evidence.js'
import type { History } from './history.js'
import { judge, type Violation } from './oracles.js'
import { planOf, type Plan } from './plan.js'
import { Random } from './random.js'
import { nextTimerAt, openRuns, restless } from './rest.js'
import { Harness, type Ground } from './harness.js'

export interface Outcome {
  seed: number
  violations: Violation[]
  history: string[]
  /** How many runs were accepted, and how they ended. */
  runs: number
  ends: string[]
  /** What the oracles judged; `undefined` when the seed did not get so far. */
  evidence: Evidence | undefined
  deaths: number
  faults: number
  virtualMs: number
  steps: number
}

const LOOK_MS = 500
/** Healed, nothing may lie about for longer: not unsent, not unread, not overdue. */
const RESTLESS_MS = 4 * 60 * 1000
/** A wait worth skipping, and what is left of it so that everybody wakes by themselves. */
const SKIP_MS = 10_000
const BEFORE_MS = 1_000
/** Longer than every deadline there is, one after the other. */
const PATIENCE_MS = 12 * 60 * 60 * 1000

/** One run of one policy with one partner, and nothing that goes wrong. */
export function calm(plan: Plan): void {
  const policies = [{ id: 'pm25', version: '1.0.0', limit: 25 }]
  plan.actions = [{ do: 'approve', atMs: 0, policies, plan: { observeMs: 300, bakeMs: 300 }, queue: false, twice: false }]
  Object.assign(plan, {
    blows: [],
    rates: NO_FAULTS,
    twins: [],
    poison: undefined,
    brokenTimer: undefined,
    blackHole: undefined,
    webhookLoss: 0,
    partners: 1,
  })
}

/** Plays one seed from its first start to its last oracle. The same seed, ground aside, gives the same history to the letter. */
export async function simulate(seed: number, ground: Ground, change: (plan: Plan) => void = () => {}): Promise<Outcome> {
  const random = new Random(seed)
  const plan = planOf(random.fork())
  change(plan)
  const harness = new Harness(ground, random.fork(), plan)
  const { scheduler, faults, history } = harness
  const began = scheduler.nowMs
  describe(plan, history)
  let violations: Violation[] = []
  let evidence: Evidence | undefined
  try {
    await scheduler.run(async () => {
      harness.start()
      await registerPartners(harness, plan.partners)
      const actions = plan.actions.map((action, index) => perform(harness, action, index))
      const blows = plan.blows.map((blow) => strike(harness, blow, random.fork()))
      await scheduler.sleep(plan.healAtMs)
      await Promise.all([...actions, ...blows])
      heal(harness)
      await settle(harness)
      evidence = await collect(harness)
      violations = judge(evidence)
    })
  } catch (error) {
    violations = [{ oracle: 'the seed can be played', found: [error instanceof Error ? (error.stack ?? error.message) : String(error)] }]
  }
  return {
    seed,
    violations,
    history: history.lines,
    runs: harness.press.accepted.size,
    ends: evidence?.runs.map(({ facts }) => stateOf(facts)) ?? [],
    evidence,
    deaths: faults.deaths,
    faults: faults.struck,
    virtualMs: scheduler.nowMs - began,
    steps: scheduler.steps,
  }
}

/** The seed's intentions, at the head of its history. */
function describe(plan: Plan, history: History): void {
  for (const action of plan.actions) history.add('plan', JSON.stringify(action))
  for (const blow of plan.blows) history.add('plan', JSON.stringify(blow))
  const { rates, twins, poison, brokenTimer, blackHole, environment } = plan
  history.add('plan', JSON.stringify({ rates, twins, poison, brokenTimer, blackHole, environment }))
}

/** No fault strikes any more; what was stopped goes on. */
function heal(harness: Harness): void {
  harness.history.add('world', 'heals')
  harness.faults.heal()
  harness.outside.loss = 0
  for (const name of harness.nodes.keys()) resume(harness, name)
}

/** Until nothing moves and every run has ended, or the limit of rounds is reached. */
async function settle(harness: Harness): Promise<void> {
  const { scheduler, history } = harness
  const until = scheduler.nowMs + PATIENCE_MS
  let quiet = 0
  let restlessSince = scheduler.nowMs
  while (scheduler.nowMs < until && scheduler.nowMs - restlessSince < RESTLESS_MS) {
    await scheduler.sleep(LOOK_MS)
    if ((await restless(harness)).length > 0) {
      quiet = 0
      continue
    }
    restlessSince = scheduler.nowMs
    // Twice, since what was read is still being worked on.
    if (++quiet < 2) continue
    if ((await openRuns(harness)).length === 0) {
      if (!harness.fillHole()) return
      quiet = 0
      continue
    }
    const next = await nextTimerAt(harness)
    const wait = next === undefined ? PATIENCE_MS : next - scheduler.nowMs - BEFORE_MS
    if (wait < SKIP_MS) continue
    history.add('world', `nothing happens for ${wait} ms`)
    scheduler.skip(wait)
    restlessSince = scheduler.nowMs
    quiet = 0
  }
}

import type { PlanOptions, RunDecisionName, ServiceName } from '#libs/contracts'
import { NO_FAULTS, type FaultRates } from './faults.js'
import type { Random } from './random.js'

/** Something that people or bots do, `atMs` after the start. */
export type Action =
  | {
      do: 'approve'
      atMs: number
      policies: { id: string; version: string; limit: number }[]
      plan: PlanOptions
      queue: boolean
      supersede?: boolean
      twice: boolean
      /** After it was prepared; long ago without it. */ effectiveInMs?: number
      /** Of a bundle: how much later than the one before it each policy takes effect; earlier where it is negative. */ apartMs?: number
    }
  | { do: 'roll back'; atMs: number; policy: string }
  /** People sign to bring back the oldest version that rollout remembers of any policy, as soon as there is one, within so long. */
  | { do: 'sign back'; atMs: number; withinMs: number }
  | { do: 'withdraw'; atMs: number; policy: string }
  /** Two people together; a third closes the review after `reviewAfterMs`, or it stays open. */
  | { do: 'break glass'; atMs: number; policy: { id: string; version: string; limit: number }; reviewAfterMs: number | undefined }
  /** As soon as that run is paused, within so long. */
  | { do: 'retry'; atMs: number; run: number; withinMs: number }
  /** `lies`: it is connected as of another region than it claims. `times`: it sends the same again. */
  | { do: 'alert'; atMs: number; bot: string; reading: string; lies: boolean; times: number }
  /** About the run of that number, in the order of their coming. */
  | { do: 'decide'; atMs: number; run: number; decision: RunDecisionName; twice: boolean }
  /** It begins after `aheadMs`. An official lifts it after `liftAfterMs`; else it expires after `forMs`. */
  | { do: 'freeze'; atMs: number; scope: string; aheadMs: number; forMs: number; liftAfterMs: number | undefined }
  /** A bot is connected for so long; a silent one never acknowledges. */
  | { do: 'connect'; atMs: number; bot: string; forMs: number; silent: boolean }

/** Something that happens to the machines. */
export type Blow =
  | { do: 'stop'; atMs: number; service: ServiceName; forMs: number; sessionEnds: boolean }
  | { do: 'forget offsets'; atMs: number; service: ServiceName }
  | { do: 'cut the log'; atMs: number; records: number }
  | { do: 'kill'; atMs: number; service: ServiceName }

/** The first event of this type that the service gets can never be handled: a bug in its handler. */
export interface Poison {
  service: ServiceName
  type: string
}

/** The first timer of this kind that falls due in the service can never be handled, however often it is scheduled again. */
export interface BrokenTimer {
  service: ServiceName
  kind: string
}

/** All that a seed decides before it begins. */
export interface Plan {
  actions: Action[]
  blows: Blow[]
  rates: FaultRates
  maxDeaths: number
  twins: ServiceName[]
  poison: Poison | undefined
  brokenTimer: BrokenTimer | undefined
  /** Stays dead until every run has ended without it, by a deadline. */
  blackHole: ServiceName | undefined
  webhookLoss: number
  partners: number
  healAtMs: number
  environment: Record<string, string>
}

const STAGES: readonly ServiceName[] = ['linter', 'simulator', 'canary-controller', 'rollout', 'notifier', 'config-store']
const EVERYONE: readonly ServiceName[] = ['approver', ...STAGES, 'audit']
const POISONS: readonly Poison[] = [
  { service: 'linter', type: 'hms.approval.approved.v1' },
  { service: 'simulator', type: 'hms.lint.passed.v1' },
  { service: 'canary-controller', type: 'hms.simulation.passed.v1' },
  { service: 'rollout', type: 'hms.canary.passed.v1' },
  { service: 'notifier', type: 'hms.rollout.completed.v1' },
  { service: 'notifier', type: 'hms.rollout.held.v1' },
]

/** Bots that claim the canary's region and are known to be of another. */
export const LIAR = 'liar-'

const BROKEN_TIMERS: readonly BrokenTimer[] = [
  { service: 'approver', kind: 'queue' },
  { service: 'approver', kind: 'run-deadline' },
  { service: 'simulator', kind: 'simulate' },
  { service: 'canary-controller', kind: 'canary-acknowledge' },
  { service: 'canary-controller', kind: 'canary-observe' },
  { service: 'canary-controller', kind: 'canary-lease' },
  { service: 'canary-controller', kind: 'canary-grow' },
  { service: 'canary-controller', kind: 'canary-region' },
  { service: 'rollout', kind: 'rollout-acknowledge' },
  { service: 'rollout', kind: 'rollout-begin' },
  { service: 'rollout', kind: 'rollout-bake' },
  { service: 'notifier', kind: 'deliver' },
  { service: 'notifier', kind: 'notify-deadline' },
]

/** What goes past the stages, ramps and corrections are drawn last, so that the rest of a seed is what it was without them. */
export function planOf(random: Random): Plan {
  const plan = ordinaryPlanOf(random)
  plan.actions.push(...waysPastOf(random), ...againOf(random, plan.actions))
  Object.assign(plan.environment, {
    HMS_APPROVER_BREAK_GLASS_BAKE: random.pick(['300ms', '2s']),
    HMS_APPROVER_BREAK_GLASS_REVIEW: random.pick(['3s', '24h']),
  })
  // What is approved once more has the same plan.
  const options = new Set(plan.actions.flatMap((action) => (action.do === 'approve' ? [action.plan] : [])))
  for (const each of options) if (random.chance(0.25)) beRamp(each, random)
  for (const action of plan.actions)
    if (action.do === 'approve' && action.policies.length > 1 && random.chance(0.5))
      action.apartMs = random.pick([-3_600_000, 1_000, 30_000])
  plan.actions.push(...correctionsOf(random, plan.actions))
  return plan
}

/** Somebody supersedes what takes effect later, mostly when readers hold it. */
function correctionsOf(random: Random, actions: readonly Action[]): Action[] {
  const later = actions.filter((action) => action.do === 'approve').filter(({ effectiveInMs = 0 }) => effectiveInMs >= 8_000)
  if (later.length === 0 || !random.chance(0.5)) return []
  const { atMs, policies, plan } = random.pick(later)
  const { id, version, limit } = policies[0]!
  const newer = { id, version: version.replace('.0.0', '.7.0'), limit: limit - 1 }
  return [
    {
      do: 'approve',
      atMs: atMs + random.between(2_000, 12_000),
      policies: [newer],
      plan,
      queue: false,
      supersede: true,
      twice: false,
      effectiveInMs: random.pick([undefined, 2_000, 60_000, 7_200_000]),
    },
  ]
}

function ordinaryPlanOf(random: Random): Plan {
  const calm = random.chance(0.08)
  const blackHole = !calm && random.chance(0.04) ? random.pick(STAGES.slice(0, 5)) : undefined
  const healAtMs = random.between(2_000, 6_000)
  const plan: Plan = {
    actions: actionsOf(random),
    blows: calm ? [] : blowsOf(random, healAtMs, blackHole),
    rates: calm ? NO_FAULTS : ratesOf(random),
    maxDeaths: random.between(0, 8),
    twins: calm ? [] : EVERYONE.filter((name) => random.chance(0.12) && name !== blackHole),
    poison: !calm && random.chance(0.06) ? random.pick(POISONS) : undefined,
    blackHole,
    webhookLoss: random.pick([0, 0, 0.2]),
    partners: random.pick([0, 0, 1, 2]),
    healAtMs,
    environment: {
      // While a stage is dead for minutes, a canary that is renewed every few seconds would be most of the seed.
      HMS_CANARY_CONTROLLER_LEASE: blackHole === undefined ? random.pick(['20s', '2m']) : '10m',
      HMS_CANARY_CONTROLLER_ACKNOWLEDGE_TIMEOUT: '2s',
      HMS_ROLLOUT_ACKNOWLEDGE_TIMEOUT: '2s',
      HMS_APPROVER_STAGE_DEADLINE: '3m',
      HMS_APPROVER_PAUSE_DEADLINE: '5m',
      HMS_SIMULATOR_DEADLINE: '1m',
      HMS_ROLLOUT_PUBLISH_TIMEOUT: '1m',
      HMS_NOTIFIER_DEADLINE: random.pick(['2s', '20s']),
    },
    // Drawn last, so that a seed that has none goes as it went before there were any.
    brokenTimer: !calm && random.chance(0.08) ? random.pick(BROKEN_TIMERS) : undefined,
  }
  // Last, so that the rest of a seed is what it was without a fleet.
  plan.actions.push(...fleetOf(random))
  for (const action of plan.actions)
    if (action.do === 'approve' && random.chance(0.3)) action.effectiveInMs = random.pick([500, 2_000, 8_000, 60_000, 3_600_000])
  plan.actions.push(...stopsOf(random))
  if (random.chance(0.1))
    plan.actions.push({
      do: 'decide',
      atMs: random.between(2_000, 12_000),
      run: random.between(1, 2),
      decision: 'retry',
      twice: random.chance(0.3),
    })
  for (const action of plan.actions)
    if (action.do === 'approve' && random.chance(0.2)) Object.assign(action, { queue: false, supersede: true })
  for (const action of plan.actions)
    if (action.do === 'approve' && random.chance(0.4)) action.plan.scope = random.pick(['region:*', 'region:TX'])
  return plan
}

/** An official approves the same versions again, whatever happened to them. */
function againOf(random: Random, actions: readonly Action[]): Action[] {
  const approvals = actions.filter((action) => action.do === 'approve')
  if (!random.chance(0.15)) return []
  const again = random.pick(approvals)
  return [{ ...again, atMs: again.atMs + random.between(500, 8_000), twice: false }]
}

/** Break-glass, signed rollbacks, withdrawals and retries. */
function waysPastOf(random: Random): Action[] {
  const actions: Action[] = []
  const policy = (): string => random.pick(['pm25', 'pm25', 'ozone', 'so2'])
  const atMs = (): number => random.between(300, 12_000)
  if (random.chance(0.15)) {
    const above = random.below(4)
    actions.push({
      do: 'break glass',
      atMs: atMs(),
      policy: { id: policy(), version: `${above}.5.0`, limit: 50 - above },
      reviewAfterMs: random.pick([undefined, 200, 5_000]),
    })
  }
  if (random.chance(0.2)) actions.push({ do: 'sign back', atMs: random.below(6_000), withinMs: 15_000 })
  if (random.chance(0.12)) actions.push({ do: 'withdraw', atMs: atMs(), policy: policy() })
  if (random.chance(0.15)) {
    // A bot that never answers pauses what it is in.
    actions.push({ do: 'connect', atMs: 0, bot: 'fleet-mute', forMs: random.between(3_000, 30_000), silent: true })
    actions.push({ do: 'retry', atMs: random.below(4_000), run: random.between(1, 2), withinMs: 20_000 })
  }
  return actions
}

/** Makes a plan one of several steps: in a region, in another, in all. */
function beRamp(plan: PlanOptions, random: Random): void {
  const steps = [
    { share: random.pick([500, 5_000]), scope: 'region:NCR' },
    { share: 10_000, scope: 'region:NCR' },
    { share: 10_000, scope: 'region:TX' },
    { share: random.pick([500, 5_000]), scope: 'region:*' },
  ]
  const ramp = steps.filter(() => random.chance(0.7))
  delete plan.share
  delete plan.scope
  plan.ramp = ramp.length === 0 ? steps : ramp
}

/** People who stop the line for a while, and who pause or extend what is under way. */
function stopsOf(random: Random): Action[] {
  const actions: Action[] = []
  if (random.chance(0.2)) {
    for (let freezes = random.between(1, 2); freezes > 0; freezes--) {
      const scope = random.pick(['global', 'region:NCR', 'region:TX'])
      const [forMs, liftAfterMs] = [random.pick([500, 3_000, 30_000, 600_000]), random.pick([undefined, 400, 5_000])]
      const atMs = random.below(4_000)
      actions.push({ do: 'freeze', atMs, scope, aheadMs: atMs % 2 === 0 ? 0 : 300, forMs, liftAfterMs })
    }
  }
  if (random.chance(0.2)) {
    const decision = random.pick(['pause', 'extend'] as const)
    actions.push({ do: 'decide', atMs: random.between(200, 6_000), run: random.between(1, 2), decision, twice: random.chance(0.3) })
    actions.push({ do: 'decide', atMs: random.between(6_000, 12_000), run: random.between(1, 2), decision: 'resume', twice: false })
  }
  return actions
}

function actionsOf(random: Random): Action[] {
  const actions: Action[] = []
  const policies = ['pm25', 'ozone', 'so2'].slice(0, random.between(1, 3))
  const versions = new Map(policies.map((id) => [id, 0]))
  let atMs = 0
  for (let runs = random.pick([1, 1, 2, 2, 3]); runs > 0; runs--) {
    const bundle = policies.length > 1 && random.chance(0.25)
    const ids = bundle ? policies.slice(0, random.between(2, policies.length)) : [random.pick(policies)]
    const members = ids.map((id) => {
      const next = versions.get(id)! + 1
      versions.set(id, next)
      return { id, version: `${next}.0.0`, limit: 40 - next }
    })
    const plan = { observeMs: random.pick([0, 300, 1_000]), bakeMs: random.pick([0, 300, 1_000]), share: random.pick([500, 10_000]) }
    actions.push({ do: 'approve', atMs, policies: members, plan, queue: random.chance(0.7), twice: random.chance(0.2) })
    if (random.chance(0.25)) actions.push({ do: 'roll back', atMs: atMs + random.between(300, 3_500), policy: ids[0]! })
    if (random.chance(0.25)) for (const bot of random.pick(ALERTING)) actions.push(alertOf(random, atMs, bot))
    atMs += random.pick([0, 300, 1_000, 2_000])
  }
  return actions
}

/** Two bots, or one that complains twice, beside another or alone; and one that stands in two regions. */
const ALERTING: readonly (readonly string[])[] = [
  ['bot-1', 'bot-2'],
  ['bot-1', 'bot-1', 'bot-2'],
  ['bot-1', 'bot-1'],
  [`${LIAR}1`, `${LIAR}2`, 'bot-1'],
]

function alertOf(random: Random, afterMs: number, bot: string): Action {
  const atMs = afterMs + random.between(100, 1_500)
  return { do: 'alert', atMs, bot, reading: `${random.between(1, 3)}`, lies: bot.startsWith(LIAR), times: random.pick([1, 1, 2]) }
}

/** Bots that come and go, some of which never answer, and people who decide on runs, paused or not. */
function fleetOf(random: Random): Action[] {
  if (!random.chance(0.4)) return []
  const actions: Action[] = []
  for (let bots = random.between(1, 3); bots > 0; bots--) {
    actions.push({
      do: 'connect',
      atMs: random.below(2_000),
      bot: `fleet-${bots}`,
      forMs: random.between(500, 20_000),
      silent: random.chance(0.5),
    })
  }
  for (let decisions = random.between(0, 3); decisions > 0; decisions--) {
    const decision = random.pick(['abort', 'resume', 'promote', 'promote'] as const)
    actions.push({ do: 'decide', atMs: random.between(200, 12_000), run: random.between(1, 2), decision, twice: random.chance(0.3) })
  }
  return actions
}

function blowsOf(random: Random, untilMs: number, blackHole: ServiceName | undefined): Blow[] {
  const blows: Blow[] = []
  const atMs = (): number => random.between(0, untilMs)
  if (random.chance(0.3)) {
    blows.push({
      do: 'stop',
      atMs: atMs(),
      service: random.pick(EVERYONE),
      forMs: random.between(100, 25_000),
      sessionEnds: random.chance(0.5),
    })
  }
  if (random.chance(0.15)) blows.push({ do: 'forget offsets', atMs: atMs(), service: random.pick(EVERYONE) })
  if (random.chance(0.15)) blows.push({ do: 'cut the log', atMs: atMs(), records: random.between(1, 6) })
  if (random.chance(0.3)) blows.push({ do: 'kill', atMs: atMs(), service: random.pick(EVERYONE) })
  if (blackHole !== undefined) blows.push({ do: 'kill', atMs: random.below(2_000), service: blackHole })
  return blows
}

/** Each seed has its own mixture: many faults of one kind show other things than a few of each. */
function ratesOf(random: Random): FaultRates {
  const some = (most: number): number => (random.chance(0.5) ? 0 : random.next() * most)
  return {
    death: some(0.002),
    deathAtCommit: some(0.004),
    database: some(0.03),
    send: some(0.1),
    reorder: some(0.3),
    duplicate: some(0.1),
    lostCommit: some(0.2),
    slow: some(0.02),
  }
}

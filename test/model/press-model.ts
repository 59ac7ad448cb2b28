import {
  acceptDecision,
  decideCanary,
  decideRollout,
  evolveRun,
  newCanary,
  newRollout,
  newRun,
  owningStage,
  pendingDecision,
  stateOf,
  type DecisionReceived,
  type Canary,
  type CanaryEffect,
  type CanaryInput,
  type Rollout,
  type RolloutEffect,
  type RolloutInput,
  type RunEvent,
  type RunFacts,
} from '#libs/pipeline'
import { isTerminal, type RunControl } from '#libs/contracts'
import type { Model, Step } from './explore.js'
import { decisionReceived, bundle, covered, FREEZE, NOW, originOf, SCOPE, SEQ, stored } from './samples.js'

/** A message of a speaker, in the order in which that one published it. */
type Message = { type: string; attempt: number; data?: object; decision?: DecisionReceived['decision'] }
type Speaker = 'approver' | 'canary' | 'rollout'
/** How far each reader has come with what each speaker said: what is never read is lost, what is read late comes out of order of others. */
type Read = Record<string, number>

/** Approver, canary and rollout of one run, what they said, and what the readers of policies live under. */
export interface Press {
  run: RunFacts
  canary: Canary | null
  rollout: Rollout | null
  said: Record<Speaker, Message[]>
  read: Read
  timers: string[]
  isFrozen: boolean
  canaryShown: boolean
  stable: '1.0.0' | '2.0.0'
  decisions: number
  /** Attempts whose canary let the run through, by what it observed or by a person. */
  passed: number[]
  /** People ended it, and the stage that had it said so. */
  isAbandoned: boolean
}

export interface Deciders {
  canary: typeof decideCanary
  rollout: typeof decideRollout
}

const AT = NOW.toISOString()
const BOTS = 2
const READERS: [Speaker, Speaker][] = [
  ['approver', 'canary'],
  ['approver', 'rollout'],
  ['canary', 'approver'],
  ['canary', 'rollout'],
  ['rollout', 'approver'],
  ['rollout', 'canary'],
]
const RULES = { windowMs: 60_000, alertsPerBotDay: 0 }
const CONTEXT = {
  now: NOW,
  acknowledgeMs: 30_000,
  leaseMs: 90_000,
  measureMs: 10_000,
  publishMs: 600_000,
  evidence: 'required',
  rules: RULES,
} as const
/** More than two people's words in one run say nothing new. */
const MAX_DECISIONS = 2
const MAX_ATTEMPTS = 2

/**
 * Each speaker is read in order, as its topic is; different speakers in any order. What was read last may come again, and what was said
 * may never arrive. It begins with a run whose simulation has passed.
 */
export function pressModel(deciders: Deciders = { canary: decideCanary, rollout: decideRollout }): Model<Press> {
  const dossier = bundle()
  const passed = { verdict: 'PASS' as const, detail: '', startedAt: AT, endedAt: AT }
  const policies = dossier.releases.map(({ id, version, policyDigest }) => ({ id, version, digest: policyDigest }))
  const run: RunFacts = { ...newRun(184, policies, AT), approvedAt: AT, startedAt: AT, stages: { lint: passed, simulate: passed } }
  const initial: Press = {
    run,
    canary: null,
    rollout: null,
    said: { approver: [], canary: [], rollout: [] },
    read: {},
    timers: [],
    isFrozen: false,
    canaryShown: false,
    stable: '1.0.0',
    decisions: 0,
    passed: [],
    isAbandoned: false,
  }
  return { initial, steps: (press) => new Turn(deciders, press).steps(), keyOf }
}

/** All that may happen to one state. */
class Turn {
  constructor(
    private readonly deciders: Deciders,
    private readonly press: Press,
  ) {}

  steps(): Step<Press>[] {
    const steps = [...this.world(), ...this.people(), ...READERS.flatMap(([from, to]) => this.deliveries(from, to))]
    return steps.map((step) => ({ ...step, ...brokenBy(this.press, step.next) }))
  }

  /** config-store, bots, clocks and freezes. */
  private world(): Step<Press>[] {
    const { press } = this
    const steps: Step<Press>[] = []
    const attempt = press.run.attempt
    if (press.run.stages.simulate?.verdict === 'PASS' && (press.canary?.attempt ?? 0) < attempt && !isTerminal(stateOf(press.run))) {
      steps.push({ name: `canary opens attempt ${attempt}`, next: this.openCanary(attempt) })
    }
    steps.push({ name: press.isFrozen ? 'the freeze ends' : 'a freeze begins', next: this.freeze(!press.isFrozen) })
    if (press.canary !== null) {
      for (const [name, input] of canaryWorld(press.canary)) steps.push({ name: `canary: ${name}`, next: this.toCanary(input) })
    }
    if (press.rollout !== null) {
      for (const [name, input] of rolloutWorld(press.rollout)) steps.push({ name: `rollout: ${name}`, next: this.toRollout(input) })
    }
    for (const timer of press.timers) {
      const [stage, name] = timer.split(' ') as [Speaker, never]
      const fired = { ...press, timers: press.timers.filter((each) => each !== timer) }
      const turn = new Turn(this.deciders, fired)
      const input = { type: 'due' as const, timer: name }
      steps.push({ name: `${timer} timer`, next: stage === 'canary' ? turn.toCanary(input) : turn.toRollout(input) })
    }
    return steps
  }

  private people(): Step<Press>[] {
    const { press } = this
    const { run } = press
    const stage = owningStage(run)
    if (press.decisions >= MAX_DECISIONS || isTerminal(stateOf(run)) || pendingDecision(run) !== undefined || stage === null) return []
    const possible: RunControl[] = ['abort', 'pause', 'resume', 'promote', ...(run.attempt < MAX_ATTEMPTS ? (['retry'] as const) : [])]
    return possible.map((what) => {
      const id = `sha256:${press.decisions}`
      const decision = { ...decisionReceived(what, stage).decision, id, attempt: run.attempt }
      const pending = { id, decision: what, by: 'EPA Chief', reason: 'drill', at: AT, outcome: 'pending' as const }
      const told = said({ ...press, run: acceptDecision(run, pending), decisions: press.decisions + 1 }, 'approver', {
        type: 'decision',
        attempt: run.attempt,
        decision,
      })
      return { name: `a person decides: ${what}`, next: told }
    })
  }

  /** The next message of `from` that `to` has not read, and once more the one that it read last. */
  private deliveries(from: Speaker, to: Speaker): Step<Press>[] {
    const way = `${from}>${to}`
    const at = this.press.read[way] ?? 0
    const [next, again] = [this.press.said[from][at], this.press.said[from][at - 1]]
    const steps: Step<Press>[] = []
    if (next !== undefined) {
      const turn = new Turn(this.deciders, { ...this.press, read: { ...this.press.read, [way]: at + 1 } })
      steps.push({ name: `${to} reads ${next.type} of ${from}`, next: turn.deliver(to, next) })
    }
    if (again !== undefined) steps.push({ name: `${to} reads ${again.type} of ${from} again`, next: this.deliver(to, again) })
    return steps
  }

  private deliver(to: Speaker, message: Message): Press {
    const { press } = this
    const { type, attempt, decision } = message
    if (to === 'approver') {
      const event = { type, attempt, time: AT, data: { ...message.data } } as unknown as RunEvent
      return { ...press, run: evolveRun(press.run, event) }
    }
    if (decision !== undefined) return this.ask(to, decision)
    if (to === 'rollout') {
      if (type === 'hms.canary.passed.v1') return this.openRollout(attempt)
      const alarm = { type: 'alarmed' as const, attempt, reason: 'UNEXPLAINED_ALERTS', detail: '' }
      return type === 'hms.canary.alarmed.v1' && press.rollout !== null ? this.toRollout(alarm) : press
    }
    if (press.canary === null) return press
    if (type === 'hms.rollout.failed.v1') return this.toCanary({ type: 'ended', attempt, reason: 'rollout failed' })
    if (attempt !== press.canary.attempt) return press
    if (type === 'hms.rollout.promoted.v1') return this.toCanary({ type: 'promoted' })
    return type === 'hms.rollout.completed.v1' ? this.toCanary({ type: 'completed' }) : press
  }

  /** A stage that has not seen the run keeps the word for when it comes; here it comes only to stages that approver saw it at. */
  private ask(to: 'canary' | 'rollout', decision: DecisionReceived['decision']): Press {
    if (this.press[to] === null) return this.press
    const input: DecisionReceived = { type: 'decisionReceived', decision }
    return to === 'canary' ? this.toCanary(input) : this.toRollout(input)
  }

  private freeze(isFrozen: boolean): Press {
    const frozen = isFrozen ? FREEZE : null
    const told = new Turn(this.deciders, { ...this.press, isFrozen }).toCanary({ type: 'freezeChanged', frozen })
    return new Turn(this.deciders, told).toRollout({ type: 'freezeChanged', stable: stableOf(told), frozen })
  }

  private openCanary(attempt: number): Press {
    const dossier = { ...bundle(), attempt }
    const fresh = newCanary(dossier, { ...originOf(dossier), scenarios: [] }, { now: NOW, begins: new Map() })
    const members = fresh.members.map((member) => ({ ...member, seq: SEQ }))
    const before = this.toCanary({ type: 'ended', attempt: attempt - 1, reason: 'a newer attempt replaced it' })
    const turn = new Turn(this.deciders, { ...before, canary: { ...fresh, members } })
    return turn.toCanary({ type: 'opened', dossier, isProven: true, frozen: before.isFrozen ? FREEZE : null })
  }

  private openRollout(attempt: number): Press {
    if ((this.press.rollout?.attempt ?? 0) >= attempt) return this.press
    const dossier = { ...bundle(), attempt }
    const fresh = newRollout(dossier, originOf(dossier), { quorum: 9_900, begins: new Map() })
    const members = fresh.members.map((member) => ({ ...member, seq: SEQ }))
    const turn = new Turn(this.deciders, { ...this.press, rollout: { ...fresh, members } })
    return turn.toRollout({ type: 'opened', stable: stableOf(this.press), frozen: this.press.isFrozen ? FREEZE : null })
  }

  private toCanary(input: CanaryInput): Press {
    if (this.press.canary === null) return this.press
    const { state, effects } = this.deciders.canary(this.press.canary, input, CONTEXT)
    return effects.reduce<Press>((press, effect) => performed(press, 'canary', state.attempt, effect), { ...this.press, canary: state })
  }

  private toRollout(input: RolloutInput): Press {
    if (this.press.rollout === null) return this.press
    const { state, effects } = this.deciders.rollout(this.press.rollout, input, CONTEXT)
    return effects.reduce<Press>((press, effect) => performed(press, 'rollout', state.attempt, effect), { ...this.press, rollout: state })
  }
}

function canaryWorld(canary: Canary): [string, CanaryInput][] {
  const alert = { alert: 'a', reading: 'r', reason: 'no alert expected', connected: true, explained: false, receivedAt: NOW.toISOString() }
  const alerts = ['bot-1', 'bot-2'].map((bot): [string, CanaryInput] => [
    `${bot} alerts`,
    { type: 'alerted', alert: { ...alert, bot, once: `${bot} r` } },
  ])
  const unpublished = canary.members.find(({ published }) => !published)?.policy
  const unheard = canary.members.find(({ published, acknowledged }) => published && acknowledged < BOTS)?.policy
  return [
    ...(canary.state === 'publishing' && unpublished !== undefined
      ? ([['a head is stored', { type: 'published', heads: [stored(unpublished, SCOPE, BOTS)], at: NOW.toISOString() }]] as [
          string,
          CanaryInput,
        ][])
      : []),
    ...(unheard === undefined
      ? []
      : ([['the cohort acknowledges', { type: 'covered', reports: [covered(unheard, SCOPE, BOTS, BOTS)] }]] as [string, CanaryInput][])),
    ...alerts,
  ]
}

function rolloutWorld(rollout: Rollout): [string, RolloutInput][] {
  const unpublished = rollout.members.find(({ published }) => !published)?.policy
  const unheard = rollout.members.find(({ published, acknowledged }) => published && acknowledged < BOTS)?.policy
  return [
    ...(rollout.state === 'publishing' && unpublished !== undefined
      ? ([['a head is stored', { type: 'published', heads: [stored(unpublished, 'global', BOTS)] }]] as [string, RolloutInput][])
      : []),
    ...(unheard === undefined
      ? []
      : ([['all bots acknowledge', { type: 'covered', reports: [covered(unheard, 'global', BOTS, BOTS)] }]] as [string, RolloutInput][])),
  ]
}

function stableOf({ stable }: Press) {
  const { live, releases } = bundle()
  return stable === '1.0.0' ? live : Object.fromEntries(releases.map((release) => [release.id, release]))
}

function performed(press: Press, stage: 'canary' | 'rollout', attempt: number, effect: CanaryEffect | RolloutEffect): Press {
  switch (effect.do) {
    case 'schedule':
      // A lease is renewed for ever: its timer adds nothing to any order but steps.
      return effect.timer === 'lease' ? press : { ...press, timers: [...new Set([...press.timers, `${stage} ${effect.timer}`])].sort() }
    case 'cancel':
      return { ...press, timers: press.timers.filter((timer) => !effect.timers.some((name) => timer === `${stage} ${name}`)) }
    case 'issueHeads':
      if (stage === 'canary') return { ...press, canaryShown: true }
      return 'how' in effect && effect.how === 'advance' ? { ...press, stable: '2.0.0' } : press
    case 'takeBack':
      return stage === 'canary' ? { ...press, canaryShown: false } : { ...press, stable: '1.0.0' }
    case 'pass':
      return said({ ...press, passed: [...press.passed, attempt] }, stage, {
        type: 'hms.canary.passed.v1',
        attempt,
        data: { summary: '', label: '' },
      })
    case 'fail':
      return said(press, stage, { type: 'hms.canary.failed.v1', attempt, data: { reason: effect.reason, detail: '', label: '' } })
    case 'emit':
      return said(press, stage, { type: effect.type, attempt, data: effect.data })
    case 'answer': {
      const { id, decision } = effect.decision
      const answered = { type: `hms.run.decision-${effect.outcome}.v1`, attempt, data: { id, stage, detail: '' } }
      const isAbandoned = press.isAbandoned || (effect.outcome === 'applied' && decision === 'abort')
      return said({ ...press, isAbandoned }, stage, answered)
    }
    default:
      return press
  }
}

function said(press: Press, speaker: Speaker, message: Message): Press {
  return { ...press, said: { ...press.said, [speaker]: [...press.said[speaker], message] } }
}

/** What must not be possible, whatever comes when. */
function brokenBy(before: Press, { run, canary, rollout, stable, passed, canaryShown, isAbandoned, isFrozen }: Press): { broken?: string } {
  const wasEnded = before.run.ended
  const bots = new Set(canary?.unexplained.map(({ bot }) => bot)).size
  const laws: Record<string, boolean> = {
    'live for all without a verdict of its canary': stable === '2.0.0' && !(rollout !== null && passed.includes(rollout.attempt)),
    'live for all under a rollout that failed or was aborted': stable === '2.0.0' && ['failed', 'aborted'].includes(rollout?.state ?? ''),
    'live for all after people ended it': isAbandoned && before.stable === '1.0.0' && stable === '2.0.0',
    'shown to a cohort under a canary that failed or ended': canaryShown && ['failed', 'ended', 'baking'].includes(canary?.state ?? ''),
    'published to all during a freeze': isFrozen && before.stable === '1.0.0' && stable === '2.0.0',
    'a verdict of one attempt twice': new Set(passed).size < passed.length,
    'a run that ends twice': wasEnded !== undefined && (run.ended?.state !== wasEnded.state || run.ended.at !== wasEnded.at),
    'passed with a broken guard': passed.length > before.passed.length && bots > 1,
    'alerts of another attempt': canary !== null && canary.attempt !== before.canary?.attempt && canary.counted.length > 0,
    'succeeded without a rollout': stateOf(run) === 'NOTIFYING' && rollout?.state !== 'completed',
  }
  const broken = Object.keys(laws).find((law) => laws[law])
  return broken === undefined ? {} : { broken }
}

/** Policies are alike, and so are bots: what is known of them counts, not of which. Words that all have read tell nothing apart. */
function keyOf({ run, canary, rollout, said: words, read, timers, ...rest }: Press): string {
  const { ended, stages, attempt, decisions, endedEarly } = run
  const facts = {
    run: [attempt, ended?.state, endedEarly?.state, decisions.map(({ decision, outcome }) => decision + outcome)],
    stages: Object.entries(stages).map(([stage, { verdict, waits, baking }]) => [stage, verdict, waits, baking]),
    canary: canary && [
      canary.attempt,
      canary.state,
      canary.observed,
      canary.unexplained.length,
      canary.frozen !== null,
      membersKey(canary),
    ],
    left: canary && [canary.remainingMs !== undefined, canary.observeUntil !== null, canary.publishedAt !== null],
    rollout: rollout && [
      rollout.attempt,
      rollout.state,
      rollout.baked,
      rollout.promoted,
      rollout.acceptedBy !== undefined,
      membersKey(rollout),
    ],
    unread: READERS.map(([from, to]) => {
      const at = read[`${from}>${to}`] ?? 0
      return words[from]
        .slice(Math.max(0, at - 1))
        .map(({ type, attempt: of, decision }, index) => [at === 0 || index > 0, type, of, decision?.decision])
    }),
    timers,
    rest,
  }
  return JSON.stringify(facts)
}

function membersKey({ members }: { members: readonly { published: boolean; expected: number; acknowledged: number }[] }): string {
  return members
    .map(({ published, expected, acknowledged }) => `${published} ${expected} ${acknowledged}`)
    .sort()
    .join('|')
}

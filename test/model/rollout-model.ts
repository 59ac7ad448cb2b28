import {
  decideRollout,
  hasQuorum,
  newRollout,
  ROLLOUT_TIMERS,
  type Rollout,
  type RolloutContext,
  type RolloutEffect,
  type RolloutInput,
} from '#libs/pipeline'
import type { Model, Step } from './explore.js'
import { decisionReceived, bundle, covered, FREEZE, LATER, NOW, originOf, POLICIES, SEQ, stored } from './samples.js'

type Decide = typeof decideRollout

/** The rollout, and what laws must remember of the way to it. */
export interface Watched {
  rollout: Rollout
  /** The time of what takes effect later has come. */
  isTime: boolean
  /** Its releases are with all readers. */
  isIssued: boolean
  advances: number
  takeBacks: number
  /** A bake ended by its own time, or a person went on. */
  baked: boolean
}

const BOTS = 2
const ENDS: readonly Rollout['state'][] = ['completed', 'failed', 'aborted']
/** Events that say that a rule is in force. */
const IN_FORCE: readonly string[] = ['hms.rollout.took-effect.v1', 'hms.rollout.bake-started.v1', 'hms.rollout.completed.v1']

function contextAt(isTime: boolean): RolloutContext {
  return { now: isTime ? new Date(LATER) : NOW, publishMs: 600_000, acknowledgeMs: 30_000 }
}

function inputsOf(policies: readonly string[]): Record<string, RolloutInput> {
  const stable = bundle(policies).live
  const each = policies.map((policy) => [
    [`${policy}: head stored, bots connected`, { type: 'published', heads: [stored(policy, 'global', BOTS)] }],
    [`${policy}: head stored, nobody connected`, { type: 'published', heads: [stored(policy, 'global', 0)] }],
    [`${policy}: older head stored`, { type: 'published', heads: [stored(policy, 'global', BOTS, SEQ - 1)] }],
    [`${policy}: all acknowledged`, { type: 'covered', reports: [covered(policy, 'global', BOTS, BOTS)] }],
    [`${policy}: all hold it`, { type: 'covered', reports: [covered(policy, 'global', BOTS, BOTS, '1.0.0')] }],
    [`${policy}: one is silent`, { type: 'covered', reports: [covered(policy, 'global', BOTS, BOTS - 1)] }],
  ])
  return {
    opened: { type: 'opened', stable, frozen: null },
    'opened, another version live': { type: 'opened', stable: {}, frozen: null },
    'opened during a freeze': { type: 'opened', stable, frozen: FREEZE },
    'freeze ends': { type: 'freezeChanged', stable, frozen: null },
    'freeze ends, another version live': { type: 'freezeChanged', stable: {}, frozen: null },
    'not attested': { type: 'refused', reason: 'UNATTESTED', detail: '' },
    ...(Object.fromEntries(each.flat()) as Record<string, RolloutInput>),
    'unexplained alerts': { type: 'alarmed', attempt: 1, reason: 'UNEXPLAINED_ALERTS', detail: '' },
    'unexplained alerts of an older attempt': { type: 'alarmed', attempt: 0, reason: 'UNEXPLAINED_ALERTS', detail: '' },
    'rollback took over': { type: 'overtaken', policies: [] },
    'run ended': { type: 'ended', attempt: 1, reason: 'deadline' },
    ...Object.fromEntries(ROLLOUT_TIMERS.map((timer) => [`${timer} timer`, { type: 'due', timer }])),
    ...Object.fromEntries(
      (['abort', 'supersede', 'pause', 'resume', 'promote', 'extend', 'retry'] as const).map((what) => [
        `person: ${what}`,
        decisionReceived(what, 'rollout'),
      ]),
    ),
  }
}

/** `later`: those of the policies that take effect later, and time may come to it. */
export function rolloutModel(
  { policies = POLICIES, later = [] }: { policies?: readonly string[]; later?: readonly string[] } = {},
  decide: Decide = decideRollout,
): Model<Watched> {
  const dossier = bundle(policies)
  const begins = new Map(later.map((policy) => [policy, LATER]))
  const fresh = newRollout(dossier, originOf(dossier), { quorum: 9_900, begins })
  const members = fresh.members.map((member) => ({ ...member, seq: SEQ }))
  const inputs = Object.entries(inputsOf(policies))
  const initial = { rollout: { ...fresh, members }, isTime: later.length === 0, isIssued: false, advances: 0, takeBacks: 0, baked: false }
  return {
    initial,
    steps: (given) => {
      // A timer set for a time is due at that time, not before.
      const possible = inputs.filter(([name]) => name !== 'begin timer' || given.isTime)
      const decided = possible.map(([name, input]): Step<Watched> => {
        const { state: rollout, effects } = decide(given.rollout, input, contextAt(given.isTime))
        const next = watched(given, rollout, input, effects)
        return { name, next, ...brokenBy(given, input, effects, next) }
      })
      return given.isTime ? decided : [...decided, { name: 'its time comes', next: { ...given, isTime: true } }]
    },
    keyOf,
  }
}

function watched(given: Watched, rollout: Rollout, input: RolloutInput, effects: readonly RolloutEffect[]): Watched {
  const next = { ...given, rollout }
  for (const effect of effects) {
    if (effect.do === 'issueHeads') next.isIssued = true
    if (effect.do === 'issueHeads' && effect.how === 'advance') next.advances++
    if (effect.do === 'takeBack') next.isIssued = false
    if (effect.do === 'takeBack') next.takeBacks++
  }
  const isBakeOver = input.type === 'due' && input.timer === 'bake'
  const isPromoted = input.type === 'decisionReceived' && input.decision.decision === 'promote'
  if (given.rollout.state === 'baking' && (isBakeOver || isPromoted)) next.baked = true
  return next
}

/** What must not be possible. */
function brokenBy(given: Watched, input: RolloutInput, effects: readonly RolloutEffect[], next: Watched): { broken?: string } {
  const [before, after] = [given.rollout, next.rollout]
  const emitted = effects.flatMap((effect) => (effect.do === 'emit' ? effect.type : []))
  const completes = emitted.includes('hms.rollout.completed.v1')
  const isOpening = input.type === 'opened' || input.type === 'freezeChanged'
  const laws: Record<string, boolean> = {
    'a rule in force before its time': !given.isTime && emitted.some((type) => IN_FORCE.includes(type)),
    'growth of scope while a consumer is silent': completes && !hasQuorum(after, contextAt(given.isTime)),
    'completed without a bake': completes && !next.baked,
    'in force for all while the store lacks a head':
      emitted.some((type) => IN_FORCE.slice(1).includes(type)) && !after.members.every(({ published }) => published),
    'published twice': next.advances > 1,
    'published to all while another version is live':
      next.advances > given.advances && !(isOpening && input.stable[POLICIES[0]] !== undefined),
    'published to all during a freeze': next.advances > given.advances && !(isOpening && input.frozen === null),
    'a paused run that goes on by what is no person':
      before.state === 'paused' && !['paused', ...ENDS].includes(after.state) && input.type !== 'decisionReceived',
    'a paused run that completes by what is no person': before.state === 'paused' && completes && input.type !== 'decisionReceived',
    'taken back twice': next.takeBacks > 1,
    'taken back what was never issued': next.takeBacks > given.takeBacks && !given.isIssued,
    'superseded what is in force':
      isSuperseding(input) &&
      next.takeBacks > given.takeBacks &&
      (given.isTime || before.members.some(({ beginsAt }) => beginsAt === undefined)),
    'left with readers what has failed':
      after.state !== before.state && ['failed', 'aborted'].includes(after.state) && next.isIssued && input.type !== 'overtaken',
    'told as live what is not stored': emitted.includes('hms.rollout.promoted.v1') && !after.members.every(({ published }) => published),
    'an end that is left':
      ENDS.includes(before.state) && (after.state !== before.state || effects.some(({ do: what }) => what !== 'answer')),
    'acted on an alarm of another attempt': input.type === 'alarmed' && input.attempt !== before.attempt && effects.length > 0,
  }
  const broken = Object.keys(laws).find((law) => laws[law])
  return broken === undefined ? {} : { broken }
}

function isSuperseding(input: RolloutInput): boolean {
  return input.type === 'decisionReceived' && input.decision.decision === 'supersede'
}

function keyOf({ rollout, isTime, isIssued, advances, takeBacks, baked }: Watched): string {
  const { state, members, promoted, frozen, acceptedBy } = rollout
  const alike = members.map(({ beginsAt, published, connected, expected, acknowledged, heldOnly }) =>
    [beginsAt, published, connected, expected, acknowledged, heldOnly].join(),
  )
  const facts = [promoted, rollout.baked, frozen !== undefined, acceptedBy !== undefined, isTime, isIssued, advances, takeBacks, baked]
  return [state, alike.sort().join('|'), ...facts].join(' ')
}

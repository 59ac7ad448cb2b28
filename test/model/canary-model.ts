import {
  claimsRegions,
  decideCanary,
  headsOf,
  newCanary,
  followingStep,
  botCounts,
  withHeads,
  type Canary,
  type CanaryEffect,
  type CanaryInput,
} from '#libs/pipeline'
import { scopesOverlap } from '#libs/policy'
import type { Model, Step } from './explore.js'
import { stepsOf, type RampStep, type RunDossier } from '#libs/contracts'
import { decisionReceived, bundle, CANARY_CONTEXT, covered, FREEZE, NOW, originOf, POLICIES, SEQ, stored } from './samples.js'

type Decide = typeof decideCanary

/** The canary, and what laws must remember of the way to it. */
export interface Watched {
  canary: Canary
  /** Heads that readers may live under. */
  isShown: boolean
  passes: number
  fails: number
  takeBacks: number
}

const LAPSED = { ...CANARY_CONTEXT, now: new Date(NOW.getTime() + 600_000) }
const BEFORE = new Date(NOW.getTime() - 1).toISOString()
const BOTS = 2
/** Another run that has the region. */
const AHEAD = { run: 183, scopeName: 'National Capital Region' }
const ENDS: readonly Canary['state'][] = ['failed', 'ended']

/** What may come, in any order and any number of times: duplicates and what arrives late are part of it. */
function inputsOf(policies: readonly string[], dossier: RunDossier): Record<string, CanaryInput> {
  const scopes = [...new Set(stepsOf(dossier.plan).map(({ scope }) => scope))]
  const alert = { alert: 'a', reading: 'r', reason: 'no alert expected', connected: true, explained: false, receivedAt: NOW.toISOString() }
  const places = policies.flatMap((policy) => scopes.map((scope) => [policy, scope] as const))
  const at = NOW.toISOString()
  const each = places.map(([policy, scope]) => [
    [`${policy} in ${scope}: head stored, bots connected`, { type: 'published', heads: [stored(policy, scope, BOTS)], at }],
    [`${policy} in ${scope}: head stored, nobody connected`, { type: 'published', heads: [stored(policy, scope, 0)], at }],
    [`${policy} in ${scope}: older head stored`, { type: 'published', heads: [stored(policy, scope, BOTS, SEQ - 1)], at }],
    [`${policy} in ${scope}: all acknowledged`, { type: 'covered', reports: [covered(policy, scope, BOTS, BOTS)] }],
    [`${policy} in ${scope}: one is silent`, { type: 'covered', reports: [covered(policy, scope, BOTS, BOTS - 1)] }],
  ])
  return {
    'opened, approvals logged': { type: 'opened', dossier, isProven: true, frozen: null },
    'opened, approvals not logged': { type: 'opened', dossier, isProven: false, frozen: null },
    'opened during a freeze': { type: 'opened', dossier, isProven: true, frozen: FREEZE },
    'opened, region taken': { type: 'opened', dossier, isProven: true, frozen: null, behind: AHEAD },
    'approvals logged': { type: 'proven', dossier, isProven: true, frozen: null },
    'approvals logged, region taken': { type: 'proven', dossier, isProven: true, frozen: null, behind: AHEAD },
    'approvals logged, a freeze has begun': { type: 'proven', dossier, isProven: true, frozen: FREEZE },
    'not attested': { type: 'refused', reason: 'UNATTESTED', detail: '' },
    'freeze begins': { type: 'freezeChanged', frozen: FREEZE },
    'freeze ends': { type: 'freezeChanged', frozen: null },
    'freeze ends, region taken': { type: 'freezeChanged', frozen: null, behind: AHEAD },
    'next step may begin': { type: 'mayGrow', frozen: null },
    'next step is frozen': { type: 'mayGrow', frozen: FREEZE },
    'region is free': { type: 'regionFreed', behind: null, frozen: null },
    'region is free, a freeze has begun': { type: 'regionFreed', behind: null, frozen: FREEZE },
    ...(Object.fromEntries(each.flat()) as Record<string, CanaryInput>),
    'bot 1 alerts': { type: 'alerted', alert: { ...alert, bot: 'bot-1', once: 'bot-1 r' } },
    'bot 2 alerts': { type: 'alerted', alert: { ...alert, bot: 'bot-2', once: 'bot-2 r' } },
    'a bot outside the cohort alerts': { type: 'controlAlerted', alert: { bot: 'bot-3', once: 'bot-3 r', receivedAt: NOW.toISOString() } },
    'stable heads took over': { type: 'promoted' },
    'rollout completed': { type: 'completed' },
    'run ended': { type: 'ended', attempt: 1, reason: 'deadline' },
    'an older attempt ended': { type: 'ended', attempt: 0, reason: 'deadline' },
    ...Object.fromEntries(
      (['acknowledge', 'observe', 'lease', 'measure', 'grow'] as const).map((timer) => [`${timer} timer`, { type: 'due', timer }]),
    ),
    ...Object.fromEntries(
      (['abort', 'supersede', 'pause', 'resume', 'promote', 'extend', 'retry'] as const).map((what) => [
        `person: ${what}`,
        decisionReceived(what, 'canary'),
      ]),
    ),
    'person: promote, signed before the step': { ...decisionReceived('promote', 'canary'), signedAt: BEFORE },
  }
}

/** `ramp`: steps of its plan, where it has several. */
export function canaryModel(policies: readonly string[] = POLICIES, decide: Decide = decideCanary, ramp?: RampStep[]): Model<Watched> {
  const alone = bundle(policies)
  const dossier = ramp === undefined ? alone : { ...alone, plan: { ...alone.plan, ...ramp[0]!, ramp } }
  const origin = { ...originOf(dossier), scenarios: [] }
  const fresh = newCanary(dossier, origin, { now: NOW, begins: new Map() })
  const members = fresh.members.map((member) => ({ ...member, seq: SEQ }))
  const inputs = Object.entries(inputsOf(policies, dossier)).flatMap(([name, input]) =>
    name === 'lease timer'
      ? [
          { name, input, context: CANARY_CONTEXT },
          { name: 'lease timer, too late', input, context: LAPSED },
        ]
      : [{ name, input, context: CANARY_CONTEXT }],
  )
  return {
    initial: { canary: { ...fresh, members }, isShown: false, passes: 0, fails: 0, takeBacks: 0 },
    steps: (given) =>
      inputs.map(({ name, input, context }): Step<Watched> => {
        const { state, effects } = decide(given.canary, input, context)
        const canary = numbered(state)
        const next = watched(given, canary, effects)
        return { name, next, ...brokenBy(given, input, effects, next) }
      }),
    keyOf,
  }
}

/** Every head that was issued has the number that the samples speak of. */
function numbered(canary: Canary): Canary {
  return withHeads(
    canary,
    headsOf(canary).map((head) => ({ ...head, seq: SEQ })),
  )
}

function watched(given: Watched, canary: Canary, effects: readonly CanaryEffect[]): Watched {
  const next = { ...given, canary }
  for (const effect of effects) {
    if (effect.do === 'issueHeads') next.isShown = true
    if (effect.do === 'takeBack') next.isShown = false
    if (effect.do === 'takeBack') next.takeBacks++
    if (effect.do === 'pass') next.passes++
    if (effect.do === 'fail') next.fails++
  }
  return next
}

/** What must not be possible. */
function brokenBy(given: Watched, input: CanaryInput, effects: readonly CanaryEffect[], next: Watched): { broken?: string } {
  const [before, after] = [given.canary, next.canary]
  const does = (what: CanaryEffect['do']): boolean => effects.some((effect) => effect.do === what)
  const basis = effects.find((effect) => effect.do === 'pass')?.basis
  const hasPassed = basis === 'observed' || (after.passed?.length ?? 0) > (before.passed?.length ?? 0)
  const isByPerson = (after.passed?.at(-1)?.basis ?? basis) === 'promoted'
  const laws: Record<string, boolean> = {
    'PASS on no data': basis === 'unobserved' || (hasPassed && !isByPerson && lacksEvidence(after)),
    'PASS before the last step': basis !== undefined && followingStep(after) !== undefined,
    'a step twice': (after.passed ?? []).some(({ step }, index) => step !== index + 1) || (after.step ?? 0) > (before.step ?? 0) + 1,
    'a cohort that shrinks': headsOf(before).some(
      (had) => !headsOf(after).some((has) => has.policy === had.policy && has.scope === had.scope && has.share >= had.share),
    ),
    'a step during a freeze': (after.step ?? 0) > (before.step ?? 0) && after.frozen !== null,
    'a step without a verdict': (after.passed?.length ?? 0) < (after.step ?? 0),
    'PASS before the observation is over': hasPassed && !isByPerson && !after.observed,
    'a step promoted by what was signed before it':
      input.type === 'decisionReceived' &&
      input.signedAt !== undefined &&
      before.stepAt !== undefined &&
      effects.some((effect) => effect.do === 'answer' && effect.outcome === 'applied'),
    'growth of scope while a consumer is silent':
      hasPassed && !isByPerson && botCounts(after).some(({ expected, acknowledged }) => acknowledged < expected),
    'PASS with a broken guard': basis !== undefined && new Set(after.unexplained.map(({ bot }) => bot)).size > 1,
    'a paused run promoted by what is no person': before.state === 'paused' && basis !== undefined && input.type !== 'decisionReceived',
    'a paused run that goes on by what is no person':
      before.state === 'paused' &&
      ['publishing', 'observing', 'growing', 'passed'].includes(after.state) &&
      input.type !== 'decisionReceived',
    'a verdict twice': next.passes + next.fails > 1,
    'taken back twice': next.takeBacks > 1,
    'something shown first during a freeze':
      (after.frozen !== null || isFreezing(input)) && !given.isShown && does('issueHeads') && before.publishedAt === null,
    'something shown first while another canary has the region':
      (after.behind ?? null) !== null && !given.isShown && does('issueHeads') && before.publishedAt === null,
    'a region let go without a word': claimsRegions(before, NOW) && !claimsRegions(after, NOW) && !does('freeRegions'),
    'something shown that nobody vouches for': after.state === 'failed' && input.type === 'refused' && next.isShown,
    'a cohort that lives on under what has failed or ended': ENDS.includes(after.state) && next.isShown,
    'an end that is left':
      ENDS.includes(before.state) && (after.state !== before.state || effects.some(({ do: what }) => what !== 'answer')),
    'two effects of one answer': effects.filter(({ do: what }) => what === 'answer').length > 1,
    'an alert of a run that shows nothing':
      after.counted.length > before.counted.length && before.publishedAt === null && input.type !== 'published',
  }
  const broken = Object.keys(laws).find((law) => laws[law])
  return broken === undefined ? {} : { broken }
}

/** Whether the service found a freeze in force as it gave this. */
function isFreezing(input: CanaryInput): boolean {
  return 'frozen' in input && input.frozen !== null
}

/** Whether a policy has no acknowledgement of a bot where the step is shown. */
function lacksEvidence(canary: Canary): boolean {
  const heard = headsOf(canary).filter(({ scope, heard: isHeard }) => isHeard && scopesOverlap(scope, canary.scope))
  return canary.members.some((member) => !heard.some(({ policy }) => policy === member.policy))
}

/** Times fold into whether there is one; policies into how many are alike; bots into how many have alerted. */
function keyOf({ canary, isShown, passes, fails, takeBacks }: Watched): string {
  const { state, observed, frozen, remainingMs, publishedAt, observeUntil, unexplained, dossier: _dossier } = canary
  const alike = headsOf(canary).map(({ published, connected, expected, acknowledged, heard, share }) =>
    [published, connected, expected, acknowledged, heard, share].join(),
  )
  return [
    state,
    canary.step,
    // What a pass rests on is the weakest of its steps.
    [canary.passed?.length, canary.passed?.some(({ basis }) => basis === 'promoted')],
    alike.sort().join('|'),
    observed,
    frozen !== null,
    canary.behind !== undefined,
    remainingMs !== undefined,
    canary.watch?.bots.map(({ cohort, connected }) => [cohort, connected].join()).sort(),
    canary.watch !== undefined && canary.watch.paired.cohortMs + canary.watch.alone.cohortMs > 0,
    publishedAt !== null,
    canary.early?.length ?? 0,
    observeUntil !== null,
    unexplained.length,
    isShown,
    passes,
    fails,
    takeBacks,
  ].join(' ')
}

import {
  claimsRegions,
  decideCanary,
  newCanary,
  type Canary,
  type CanaryContext,
  type CanaryEffect,
  type CanaryInput,
} from '#libs/pipeline'
import type { Model, Step } from './explore.js'
import { asked, bundle, covered, FREEZE, NOW, originOf, POLICIES, SCOPE, SEQ, stored } from './samples.js'

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

const RULES = { windowMs: 60_000, alertsPerBotDay: 0 }
const CONTEXT: CanaryContext = {
  now: NOW,
  acknowledgeMs: 30_000,
  leaseMs: 90_000,
  measureMs: 10_000,
  evidence: 'required',
  rules: RULES,
}
const LAPSED = { ...CONTEXT, now: new Date(NOW.getTime() + 600_000) }
const BOTS = 2
/** Another run that has the region. */
const AHEAD = { run: 183, scopeName: 'National Capital Region' }
const ENDS: readonly Canary['state'][] = ['failed', 'ended']

/** What may come, in any order and any number of times: duplicates and what arrives late are part of it. */
function inputsOf(policies: readonly string[]): Record<string, CanaryInput> {
  const dossier = bundle(policies)
  const alert = { alert: 'a', reading: 'r', reason: 'no alert expected', connected: true, explained: false, receivedAt: NOW.toISOString() }
  const each = policies.map((policy) => [
    [`${policy}: head stored, bots connected`, { type: 'published', heads: [stored(policy, SCOPE, BOTS)], at: NOW.toISOString() }],
    [`${policy}: head stored, nobody connected`, { type: 'published', heads: [stored(policy, SCOPE, 0)], at: NOW.toISOString() }],
    [`${policy}: older head stored`, { type: 'published', heads: [stored(policy, SCOPE, BOTS, SEQ - 1)], at: NOW.toISOString() }],
    [`${policy}: all acknowledged`, { type: 'covered', reports: [covered(policy, SCOPE, BOTS, BOTS)] }],
    [`${policy}: one is silent`, { type: 'covered', reports: [covered(policy, SCOPE, BOTS, BOTS - 1)] }],
  ])
  return {
    'opened, approvals logged': { type: 'opened', dossier, isProven: true, frozen: null },
    'opened, approvals not logged': { type: 'opened', dossier, isProven: false, frozen: null },
    'opened during a freeze': { type: 'opened', dossier, isProven: true, frozen: FREEZE },
    'opened, region taken': { type: 'opened', dossier, isProven: true, frozen: null, behind: AHEAD },
    'approvals logged': { type: 'proven', dossier, isProven: true },
    'approvals logged, region taken': { type: 'proven', dossier, isProven: true, behind: AHEAD },
    'not attested': { type: 'refused', reason: 'UNATTESTED', detail: '' },
    'freeze begins': { type: 'freezeChanged', frozen: FREEZE },
    'freeze ends': { type: 'freezeChanged', frozen: null },
    'freeze ends, region taken': { type: 'freezeChanged', frozen: null, behind: AHEAD },
    'region is free': { type: 'regionFreed', behind: null },
    ...(Object.fromEntries(each.flat()) as Record<string, CanaryInput>),
    'bot 1 alerts': { type: 'alerted', alert: { ...alert, bot: 'bot-1', once: 'bot-1 r' } },
    'bot 2 alerts': { type: 'alerted', alert: { ...alert, bot: 'bot-2', once: 'bot-2 r' } },
    'a bot outside the cohort alerts': { type: 'controlAlerted', alert: { bot: 'bot-3', once: 'bot-3 r', receivedAt: NOW.toISOString() } },
    'stable heads took over': { type: 'promoted' },
    'rollout completed': { type: 'completed' },
    'run ended': { type: 'ended', attempt: 1, reason: 'deadline' },
    'an older attempt ended': { type: 'ended', attempt: 0, reason: 'deadline' },
    ...Object.fromEntries(
      (['acknowledge', 'observe', 'lease', 'measure'] as const).map((timer) => [`${timer} timer`, { type: 'due', timer }]),
    ),
    ...Object.fromEntries(
      (['abort', 'supersede', 'pause', 'resume', 'promote', 'extend', 'retry'] as const).map((what) => [
        `person: ${what}`,
        asked(what, 'canary'),
      ]),
    ),
  }
}

export function canaryModel(policies: readonly string[] = POLICIES, decide: Decide = decideCanary): Model<Watched> {
  const dossier = bundle(policies)
  const origin = { ...originOf(dossier), scenarios: [] }
  const fresh = newCanary(dossier, origin, { now: NOW, begins: new Map() })
  const members = fresh.members.map((member) => ({ ...member, seq: SEQ }))
  const inputs = Object.entries(inputsOf(policies)).flatMap(([name, input]) =>
    name === 'lease timer'
      ? [
          { name, input, context: CONTEXT },
          { name: 'lease timer, too late', input, context: LAPSED },
        ]
      : [{ name, input, context: CONTEXT }],
  )
  return {
    initial: { canary: { ...fresh, members }, isShown: false, passes: 0, fails: 0, takeBacks: 0 },
    steps: (given) =>
      inputs.map(({ name, input, context }): Step<Watched> => {
        const { state: canary, effects } = decide(given.canary, input, context)
        const next = watched(given, canary, effects)
        return { name, next, ...brokenBy(given, input, effects, next) }
      }),
    keyOf,
  }
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
  const laws: Record<string, boolean> = {
    'PASS on no data': basis === 'unobserved' || (basis === 'observed' && !after.members.some(({ heard }) => heard)),
    'PASS before the observation is over': basis === 'observed' && !after.observed,
    'growth of scope while a consumer is silent':
      basis === 'observed' && after.members.some(({ expected, acknowledged }) => acknowledged < expected),
    'PASS with a broken guard': basis !== undefined && new Set(after.unexplained.map(({ bot }) => bot)).size > 1,
    'a paused run promoted by what is no person': before.state === 'paused' && basis !== undefined && input.type !== 'asked',
    'a paused run that goes on by what is no person':
      before.state === 'paused' && ['publishing', 'observing', 'passed'].includes(after.state) && input.type !== 'asked',
    'a verdict twice': next.passes + next.fails > 1,
    'taken back twice': next.takeBacks > 1,
    'something shown first during a freeze': after.frozen !== null && !given.isShown && does('issueHeads') && before.publishedAt === null,
    'something shown first while another canary has the region':
      (after.behind ?? null) !== null && !given.isShown && does('issueHeads') && before.publishedAt === null,
    'a region let go without a word': claimsRegions(before) && !claimsRegions(after) && !does('freeRegions'),
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

/** Times fold into whether there is one; policies into how many are alike; bots into how many have alerted. */
function keyOf({ canary, isShown, passes, fails, takeBacks }: Watched): string {
  const { state, members, observed, frozen, remainingMs, publishedAt, observeUntil, unexplained, dossier: _dossier } = canary
  const alike = members.map(({ published, connected, expected, acknowledged, heard, share }) =>
    [published, connected, expected, acknowledged, heard, share].join(),
  )
  return [
    state,
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

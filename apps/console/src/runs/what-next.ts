import { describeKept, describePartners, describeReplaced, isHeld, type RunState, type RunView, type StageName } from '#libs/contracts'
import { withMoments } from '../layout/parts.js'

const NEXT: Record<Exclude<RunState, 'FAILED' | 'SUCCEEDED' | 'ABORTED'>, string> = {
  AWAITING_APPROVAL: 'It waits for the signatures that are still missing. When the last one comes, lint begins.',
  QUEUED: 'It waits for its turn: another run of the same policy is under way, or is about to begin.',
  LINTING:
    'The linter checks form, schema and version. If it passes, recorded readings are replayed through the bots. Nothing is live yet.',
  SIMULATING: 'Recorded readings are replayed through the bots, under the old rule and under the new one. If it passes, the canary begins.',
  WAITING: 'A freeze is on. It resumes automatically when the freeze ends or is lifted; it can be aborted meanwhile.',
  CANARY:
    'A small share of the bots applies the new rule and is observed. If it passes, all bots get it; if not, it is rolled back at once.',
  ROLLING_OUT: 'All bots are getting the new rule. When enough of them have acknowledged it, it is watched for a while.',
  BAKING: 'All bots apply the new rule, and it is observed. An alarm rolls it back; without one, partners are notified.',
  NOTIFYING: 'The rule is in force. Partners are being notified; one that is down does not change that.',
  PAUSED: 'It waits for a person; the decisions that lead on are below.',
  ROLLING_BACK: 'The version before is being reinstated.',
  ROLLED_BACK: 'The new rule was rolled back. What was in force before it, if anything, is in force again.',
  SUPERSEDED: 'A newer release took its place.',
  STALE: 'What it was to follow is not in force any more. Approve it again if it is still wanted.',
}

const FAILED = {
  unpublished: 'It ended before anything was published. The rule in force did not change.',
  takenBack: 'It ended on its way. What it had published by then, if anything, was rolled back; the rule before is in force.',
  inForce: 'The rule is in force for all. It ended after that: partners may not have been notified.',
}
/** Reasons of failures that no stage caused: the run may have published something by then. */
const FROM_OUTSIDE: readonly (string | undefined)[] = ['STAGE_TIMED_OUT', 'POISONED']

/** Reasons of an abort that are no decision about the run itself. */
const ABORTED: Record<string, string> = {
  REJECTED: 'A person rejected it before all had signed. Nothing was published.',
  EXPIRED: 'Not enough people signed in time. Nothing was published.',
  ROLLED_BACK: 'A rollback of its policy ended it. What it had published was rolled back.',
  WITHDRAWN: 'Its policy was withdrawn, which ended it. What it had published was rolled back.',
}

const BUSY = 'The run ahead occupies the region until its bake ends. This one then resumes automatically; it can be aborted meanwhile.'
const HELD = 'Every reader has the rule already, and applies it from its effective time on. Until then it can be aborted or superseded.'

/** Returns the next steps for a reader of this run, in a sentence or two. */
export function whatNext(run: RunView): string {
  if (run.detail === undefined) return nextOf(run)
  if (run.state === 'SUPERSEDED' && run.detail.startsWith('by ')) return `It was superseded ${run.detail}.`
  return run.state === 'QUEUED' ? `It waits for its turn, ${run.detail}.` : `${nextOf(run)} ${run.detail}.`
}

function nextOf(run: RunView): string {
  if (isHeld(run)) return HELD
  if (run.kept !== undefined) return `It ended, and what it published was not rolled back: ${run.kept.map(describeKept).join('; ')}.`
  if (run.state === 'FAILED') return failureOf(run)
  if (run.state === 'SUCCEEDED') return `${outcomeOf(run)} ${describePartners(run)}`
  if (run.state === 'ABORTED') return abortOf(run)
  return run.state === 'WAITING' && run.reason === 'REGION_BUSY' ? BUSY : (NEXT[run.state] ?? '')
}

function failureOf(run: RunView): string {
  const reach = reachOf(run)
  const isReplaced = reach === 'inForce' && run.replaced !== undefined
  return isReplaced ? `It failed behind its rollout. ${outcomeOf(run)} Partners may not have been notified.` : FAILED[reach]
}

/** Returns how far a failed run came. A stage that fails a run alone has published nothing yet. */
function reachOf({ reason, stages }: RunView): keyof typeof FAILED {
  const stageOf = (name: StageName) => stages.find(({ stage }) => stage === name)
  if (stageOf('rollout')?.verdict === 'PASS') return 'inForce'
  const isBegun = (stageOf('canary')?.startedAt ?? stageOf('rollout')?.startedAt ?? null) !== null
  return isBegun && FROM_OUTSIDE.includes(reason) ? 'takenBack' : 'unpublished'
}

/** Whether the rule of a run that succeeded is still in force. */
function outcomeOf(run: RunView): string {
  const replaced = describeReplaced(run)
  if (replaced.length === 0) return 'The rule is in force.'
  const rest = replaced.length < run.policies.length ? ' The other policies of the run are in force.' : ''
  return `Its rule came into force. Since then: ${withMoments(replaced.join('; '))}.${rest}`
}

function abortOf({ reason = '', stages }: RunView): string {
  const known = ABORTED[reason]
  if (known !== undefined) return known
  const isPublished = stages.some(({ stage, startedAt }) => (stage === 'canary' || stage === 'rollout') && startedAt !== null)
  return `A person ended it, or no one decided in time. ${isPublished ? 'What it published was rolled back.' : 'Nothing was published.'}`
}

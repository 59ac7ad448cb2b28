import { command } from './actions.js'
import type { PassedStep } from './canary-figures.js'
import {
  isTerminal,
  type BreakGlassReview,
  type KeptPolicy,
  type ReplacedPolicy,
  type RunStage,
  type RunState,
  type RunView,
  type StageName,
} from './runs.js'

const LABELS: Record<StageName, string> = {
  lint: 'Lint & Schema',
  simulate: 'Simulation Replay',
  canary: 'Canary',
  rollout: 'Full Rollout',
  notify: 'Partner Notifications',
}

/** Returns the display name of a stage: its own label if it has one, with share and region. */
export function stageLabel({ stage, label }: Pick<RunStage, 'stage' | 'label'>): string {
  return label ?? LABELS[stage]
}

/** Whether the run ended while this stage was running. Its stored verdict is still PENDING; the state of the run is shown instead. */
export function isCutOff({ verdict, startedAt }: Pick<RunStage, 'verdict' | 'startedAt'>, state: RunState): boolean {
  return verdict === 'PENDING' && startedAt !== null && isTerminal(state)
}

/** Returns `PASS (98.4% bots adapted)`; for a passed notify stage only its detail. `state`: state of the run. */
export function stageOutcome(stage: RunStage, state: RunState): string {
  const verdict = isCutOff(stage, state) ? state.replaceAll('_', ' ') : stage.verdict
  if (stage.detail === '') return verdict
  return stage.stage === 'notify' && stage.verdict === 'PASS' ? stage.detail : `${verdict} (${stage.detail})`
}

/** Returns a line per policy that is no longer in force: `pm25@2.0.0 was taken back at 2026-11-29T12:00:00Z: 1.5.0 is in force`. */
export function describeReplaced({ policies, replaced = [] }: Pick<RunView, 'policies' | 'replaced'>): string[] {
  return replaced.map((policy) => `${policy.id}@${policies.find(({ id }) => id === policy.id)?.version} ${endOfReplaced(policy)}`)
}

function endOfReplaced({ now, takenBackAt }: ReplacedPolicy): string {
  const what = takenBackAt === undefined ? 'is no longer in force' : `was taken back at ${takenBackAt}`
  return `${what}: ${now === null ? 'no version' : now} is in force`
}

/** Returns `pm25@2.0.0 stays in force: readers would refuse 1.0.0 (pm25@1.0.0 lacks approval by official)`. */
export function describeKept({ id, version, refused, detail }: KeptPolicy): string {
  return `${id}@${version} stays in force: readers would refuse ${refused ?? 'the fallback of its bundle'} (${detail})`
}

export function keptCommands(kept: readonly KeptPolicy[]): string[] {
  return kept.flatMap(({ id, refused }) => [
    ...(refused === null ? [] : [command('rollback', { policy: id, version: refused })]),
    command('withdraw', { policy: id }),
  ])
}

/** Returns `step 2, 25% of all regions: PASS (realised 25%, 10 of 40 bots; …)`. */
export function describePassedStep({ step, requestedShare, realisedShare, scopeName, cohort, connected, summary }: PassedStep): string {
  const bots = `${cohort} of ${connected} ${connected === 1 ? 'bot' : 'bots'}`
  return `step ${step}, ${requestedShare / 100}% of ${scopeName}: PASS (realised ${realisedShare / 100}%, ${bots}; ${summary})`
}

/** Returns `review due until 2026-11-27T10:00:00.000Z (ticket 3)`. */
export function describeReview({ ticket, dueAt, state, closedBy }: BreakGlassReview): string {
  if (state === 'CLOSED') return `reviewed by ${closedBy ?? 'an unknown person'} (ticket ${ticket})`
  if (state === 'OVERDUE')
    return `UNREVIEWED since ${dueAt} (ticket ${ticket}): those who signed cannot approve until another person closes it`
  return `review due until ${dueAt} (ticket ${ticket}), by a person who did not sign`
}

/** Returns the command that closes the review; empty once it is closed. */
export function reviewCommands({ ticket, state }: BreakGlassReview): string[] {
  return state === 'CLOSED' ? [] : [command('tickets.accept', { ticket })]
}

/** Returns a sentence about the notified partners. Without `clock`, as in runs of earlier builds, it quotes the detail of the stage. */
export function describePartners({ stages, clock }: Pick<RunView, 'stages' | 'clock'>): string {
  const notify = stages.find(({ stage }) => stage === 'notify')
  if (notify === undefined) return 'Partners of the replaced version are notified of the rollback.'
  if (clock === undefined) return `Partners: ${notify.detail}.`
  const { partners, told: notified } = clock
  if (partners === 0) return 'It had no partner to notify.'
  return notified === partners ? 'All its partners were notified.' : `${notified} of ${partners} partners were notified.`
}

/** Members of an event that are shown, in this order. */
const SHOWN_MEMBERS = ['verdict', 'state', 'summary', 'reason', 'detail', 'decision', 'by'] as const

const MOST_CHARACTERS = 200

/** Returns what the data of an event say in words: `INCONCLUSIVE: too few events`; empty if nothing. At most 200 characters, one line. */
export function eventSummary(data: unknown): string {
  const all = (data ?? {}) as Record<string, unknown>
  // Some events contain the whole view of a run.
  const members = (all['view'] ?? all) as Record<string, unknown>
  const texts = SHOWN_MEMBERS.map((name) => members[name]).filter((text) => typeof text === 'string' && text !== '')
  const summary = texts.join(': ').replaceAll(/\s+/g, ' ')
  return summary.length > MOST_CHARACTERS ? `${summary.slice(0, MOST_CHARACTERS)}…` : summary
}

/** Returns reason and detail: `ACK_TIMEOUT: 3 of 5 bots acknowledged`. A detail that begins with its reason is not prefixed again. */
export function explain(reason: string, detail = '', separator = ': '): string {
  if (detail === '') return reason
  return detail === reason || detail.startsWith(`${reason}:`) ? detail : reason + separator + detail
}

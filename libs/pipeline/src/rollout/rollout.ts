import { beginning } from '../canary/canary.js'
import type { CoverageReport, PublishedHead, RunDossier } from '#libs/contracts'

export interface RolloutMember {
  policy: string
  seq: number
  release: string
  version: string
  published: boolean
  connected: number
  expected: number
  acknowledged: number
  /** From when on it is in force (RFC 3339), where readers only hold it until then. */
  beginsAt?: string
}

/** The full rollout of a run: stable heads, waited for until the connected bots run them, then baked. */
export interface Rollout {
  run: number
  attempt: number
  key: string
  state: 'publishing' | 'acknowledging' | 'baking' | 'completed' | 'failed' | 'aborted'
  bakeMs: number
  members: RolloutMember[]
  dossier: RunDossier
  causationId: string
  /** The trace of its run, whatever comes to it. */
  traceparent: string | null
}

/** It may still end either way. */
export function isRolloutOpen({ state }: Rollout): boolean {
  return state === 'publishing' || state === 'acknowledging' || state === 'baking'
}

export type RolloutStep = { do: 'nothing' } | { do: 'promote' } | { do: 'bake' } | { do: 'promote-and-bake' }
export type RolloutDecision = { rollout: Rollout; step: RolloutStep }

/** config-store stored one of the heads. */
export function onHeadPublished(rollout: Rollout, news: PublishedHead): RolloutDecision {
  const member = rollout.members.find((known) => known.policy === news.policy && known.seq === news.seq)
  if (member === undefined || news.scope !== 'global' || rollout.state !== 'publishing') return { rollout, step: { do: 'nothing' } }
  const next = replace(rollout, { ...member, published: true, connected: news.audience.connected, expected: news.audience.cohort })
  if (!next.members.every((known) => known.published)) return { rollout: next, step: { do: 'nothing' } }
  if (covered(next)) return { rollout: { ...next, state: 'baking' }, step: { do: 'promote-and-bake' } }
  return { rollout: { ...next, state: 'acknowledging' }, step: { do: 'promote' } }
}

/** The numbers of who runs what changed. */
export function onCoverageChanged(rollout: Rollout, report: CoverageReport): RolloutDecision {
  const mine = report.scopes.find((entry) => entry.scope === 'global')
  const member = rollout.members.find((known) => known.policy === report.policy && known.seq === mine?.seq)
  if (mine === undefined || member === undefined || (rollout.state !== 'publishing' && rollout.state !== 'acknowledging')) {
    return { rollout, step: { do: 'nothing' } }
  }
  const next = replace(rollout, { ...member, expected: mine.expected, acknowledged: mine.acknowledged })
  if (next.state === 'publishing' || !covered(next)) return { rollout: next, step: { do: 'nothing' } }
  return { rollout: { ...next, state: 'baking' }, step: { do: 'bake' } }
}

/** Time for acknowledgements is over: the value is live, so it is baked; who was silent is said. */
export function onSilence(rollout: Rollout): RolloutDecision {
  if (rollout.state !== 'acknowledging') return { rollout, step: { do: 'nothing' } }
  return { rollout: { ...rollout, state: 'baking' }, step: { do: 'bake' } }
}

export function rolloutSummary(rollout: Rollout): string {
  const expected = Math.max(...rollout.members.map((member) => member.expected))
  const acknowledged = Math.min(...rollout.members.map((member) => member.acknowledged))
  const silent = expected - acknowledged
  const told = silent > 0 ? `${acknowledged} of ${expected} bots acknowledged; ${silent} silent` : `${expected} of ${expected} bots acknowledged`
  return [expected === 0 ? 'no bots connected' : told, beginning(rollout.members)].filter((part) => part !== undefined).join('; ')
}

function covered(rollout: Rollout): boolean {
  return rollout.members.every((member) => member.acknowledged >= member.expected)
}

function replace(rollout: Rollout, member: RolloutMember): Rollout {
  return { ...rollout, members: rollout.members.map((known) => (known.policy === member.policy ? member : known)) }
}

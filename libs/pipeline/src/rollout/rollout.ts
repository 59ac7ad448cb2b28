import { beginning } from '../canary/canary.js'
import type { CoverageReport, PublishedHead, RunDecisionName, RunDossier } from '#libs/contracts'
import { ACK_TIMEOUT, describeSilence, type Acknowledgements } from '../silence.js'

export interface RolloutMember extends Acknowledgements {
  policy: string
  seq: number
  release: string
  version: string
  published: boolean
  connected: number
  /** From when on it is in force (RFC 3339), where readers only hold it until then. */
  beginsAt?: string
}

/** The full rollout of a run: stable heads, waited for until the connected bots run them, then baked. */
export interface Rollout {
  run: number
  attempt: number
  key: string
  state: 'publishing' | 'acknowledging' | 'baking' | 'paused' | 'completed' | 'failed' | 'aborted'
  bakeMs: number
  /** Basis points of the connected bots that must have acknowledged. */
  quorum: number
  members: RolloutMember[]
  /** The others were told that it is live. */
  promoted: boolean
  /** The bake is over, and the end waits for bots that joined meanwhile. */
  baked: boolean
  /** Name of the person who said to go on without the silent. */
  acceptedBy?: string
  dossier: RunDossier
  causationId: string
  /** The trace of its run, whatever comes to it. */
  traceparent: string | null
}

/** It may still end either way. */
export function isRolloutOpen({ state }: Rollout): boolean {
  return state === 'publishing' || state === 'acknowledging' || state === 'baking' || state === 'paused'
}

/** `await`: wait for acknowledgements, for so long. */
export type RolloutStep = { do: 'nothing' | 'await' | 'bake' | 'complete' } | { do: 'pause'; reason: typeof ACK_TIMEOUT; detail: string }
export type RolloutDecision = { rollout: Rollout; step: RolloutStep }

/** config-store stored heads, as a rule all of them at once. */
export function onHeadsPublished(rollout: Rollout, heads: readonly PublishedHead[]): RolloutDecision {
  const stored = new Map(heads.filter(({ scope }) => scope === 'global').map((head) => [head.policy, head]))
  if (rollout.state !== 'publishing') return nothing(rollout)
  const members = rollout.members.map((member) => {
    const head = stored.get(member.policy)
    if (head?.seq !== member.seq) return member
    return { ...member, published: true, connected: head.audience.connected, expected: head.audience.cohort }
  })
  const next = { ...rollout, members }
  if (!members.every(({ published }) => published)) return nothing(next)
  return goOn(next, hasAll(next))
}

/** The numbers of who runs what changed. */
export function onCoverageChanged(rollout: Rollout, reports: readonly CoverageReport[]): RolloutDecision {
  if (!isRolloutOpen(rollout)) return nothing(rollout)
  const scopes = new Map(reports.map((report) => [report.policy, report.scopes.find(({ scope }) => scope === 'global')]))
  const members = rollout.members.map((member) => {
    const mine = scopes.get(member.policy)
    if (mine?.seq !== member.seq) return member
    return { ...member, expected: mine.expected, acknowledged: mine.acknowledged, silent: mine.silent }
  })
  const next = { ...rollout, members }
  const isReady = next.state === 'acknowledging' && (next.baked ? hasQuorum(next) : hasAll(next))
  return isReady ? goOn(next, true) : nothing(next)
}

/** Time for acknowledgements is over. Without a quorum nobody knows whether the fleet can live with it: a question to people. */
export function onSilence(rollout: Rollout): RolloutDecision {
  if (rollout.state !== 'acknowledging') return nothing(rollout)
  if (hasQuorum(rollout)) return goOn(rollout, true)
  return { rollout: { ...rollout, state: 'paused' }, step: { do: 'pause', reason: ACK_TIMEOUT, detail: describeSilence(rollout.members) } }
}

/** The bake is over. Bots that joined during it have their time to acknowledge, too. */
export function onBaked(rollout: Rollout): RolloutDecision {
  if (rollout.state !== 'baking') return nothing(rollout)
  return goOn({ ...rollout, baked: true }, hasQuorum(rollout))
}

/** The rollout is the last stage that can take a run back: what it does not apply came too late. `addressed`: approver took it for the owner. */
export function answerOnRollout(rollout: Rollout, decision: RunDecisionName, addressed: boolean): 'applied' | 'late' | 'elsewhere' {
  if (decision === 'abort') return isRolloutOpen(rollout) ? 'applied' : 'late'
  if (!addressed) return 'elsewhere'
  return rollout.state === 'paused' ? 'applied' : 'late'
}

/** A resumed rollout waits again: heads that are stored anew say who is there now. */
export function resumeRollout(rollout: Rollout): Rollout {
  const members = rollout.members.map((member) => ({ ...member, published: false, acknowledged: 0, silent: [] }))
  return { ...rollout, state: 'publishing', members }
}

/** A person takes the silence on themselves: it goes on as if the quorum had acknowledged. */
export function acceptSilence(rollout: Rollout, by: string): RolloutDecision {
  return goOn({ ...rollout, acceptedBy: by }, true)
}

export function rolloutSummary(rollout: Rollout): string {
  const expected = Math.max(...rollout.members.map((member) => member.expected))
  const acknowledged = Math.min(...rollout.members.map((member) => member.acknowledged))
  const silent = expected - acknowledged
  const accepted = rollout.acceptedBy === undefined ? '' : `, accepted by ${rollout.acceptedBy}`
  const told =
    silent > 0
      ? `${acknowledged} of ${expected} bots acknowledged; ${silent} silent${accepted}`
      : `${expected} of ${expected} bots acknowledged`
  return [expected === 0 ? 'no bots connected' : told, beginning(rollout.members)].filter((part) => part !== undefined).join('; ')
}

function goOn(rollout: Rollout, isCovered: boolean): RolloutDecision {
  if (!isCovered) return { rollout: { ...rollout, state: 'acknowledging' }, step: { do: 'await' } }
  if (rollout.baked) return { rollout: { ...rollout, state: 'baking' }, step: { do: 'complete' } }
  return { rollout: { ...rollout, state: 'baking' }, step: { do: 'bake' } }
}

/** While there is time, all of them are waited for. */
function hasAll(rollout: Rollout): boolean {
  return rollout.members.every((member) => member.acknowledged >= member.expected)
}

function hasQuorum(rollout: Rollout): boolean {
  return (
    rollout.acceptedBy !== undefined || rollout.members.every((member) => member.acknowledged * 10_000 >= member.expected * rollout.quorum)
  )
}

function nothing(rollout: Rollout): RolloutDecision {
  return { rollout, step: { do: 'nothing' } }
}

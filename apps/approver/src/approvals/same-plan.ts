import {
  action,
  HmsError,
  isSameMetrics,
  peekPredicate,
  stepsOf,
  writtenDuration,
  type PlanOptions,
  type PrepareRequest,
  type ReleaseDocument,
  type RolloutPlan,
} from '#libs/contracts'
import { describeRampShare, isSameRamp } from '#libs/policy'
import { authorsOf, type ReleasePredicate, type Roster } from '#libs/signing'
import type { Approval } from '../runs/approval.table.js'

/** Throws 409 `HMS_APPROVER_PLAN_DIFFERS` if an option of a later signer contradicts the signed ones; omitted options do not. */
export function requireSamePlan(
  approval: Approval,
  { plan = {}, author, supersede }: Pick<PrepareRequest, 'plan' | 'author' | 'supersede'>,
  roster: Roster,
): void {
  const contradiction =
    contradictionOf(approval.plan, plan) ?? // guard: supersede-first-signer
    unknownFallback(approval, plan.fallbacks ?? []) ??
    otherAuthor(approval, author, roster) ??
    // A countersignature cannot add what the first signer did not request.
    (supersede === true && approval.supersede !== true ? 'it does not supersede a run in progress' : undefined)
  if (contradiction === undefined) return
  const detail = `The signed approval differs: ${contradiction}. Leave the option out to countersign.`
  throw new HmsError('HMS_APPROVER_PLAN_DIFFERS', detail, { status: 409, next: [action('approvals.show', { digest: approval.digest })] })
}

function unknownFallback(approval: Approval, named: string[]): string | undefined {
  const bound = approval.releases.flatMap((release) => predicateOf(release).fallbacks.map((ref) => `${release.id}@${ref.version}`))
  const missing = named.find((name) => !bound.includes(name))
  return missing === undefined ? undefined : `fallbacks are ${bound.join(', ') || 'none'}, without ${missing}`
}

function otherAuthor({ releases }: Approval, named: string | undefined, roster: Roster): string | undefined {
  const written = releases.map((release) => predicateOf(release).author ?? 'not named')
  const names = [named, ...authorsOf(roster, named ?? null).map(({ name }) => name)]
  const other = named === undefined ? undefined : written.find((author) => !names.includes(author))
  return other === undefined ? undefined : `the author is ${other}, not ${named}`
}

/** Names of plan members as flags of `approve` and in the SDK, with the text of their values. */
const FLAGS = {
  share: { flag: 'canary', text: (share: number | string) => `${Number(share) / 100}%` },
  scope: { flag: 'scope', text: String },
  observeMs: { flag: 'observe', text: (ms: number | string) => writtenDuration(Number(ms)) },
  bakeMs: { flag: 'bake', text: (ms: number | string) => writtenDuration(Number(ms)) },
} as const

function contradictionOf(plan: RolloutPlan, options: PlanOptions): string | undefined {
  for (const name of ['share', 'scope', 'observeMs', 'bakeMs'] as const) {
    if (options[name] !== undefined && options[name] !== plan[name])
      return `${FLAGS[name].flag} is ${FLAGS[name].text(plan[name])}, not ${FLAGS[name].text(options[name])}`
  }
  if (options.partners !== undefined && JSON.stringify(options.partners) !== JSON.stringify(plan.partners))
    return `partners are ${plan.partners?.join(', ') ?? 'all'}, not ${options.partners.join(', ')}`
  if (options.ramp !== undefined && !isSameRamp(options.ramp, stepsOf(plan)))
    return `the ramp is ${stepsOf(plan).map(describeRampShare).join(', ')}, 100%`
  if (options.metrics !== undefined && !isSameMetrics(options.metrics, plan.metrics))
    return `metrics are ${(plan.metrics ?? []).map(({ name, query }) => `${name}=${query}`).join(', ') || 'none'}`
  return undefined
}

export function predicateOf(release: ReleaseDocument): ReleasePredicate {
  return peekPredicate<ReleasePredicate>(release.envelope)
}

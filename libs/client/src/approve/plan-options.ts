import { HmsError, metricsProblem, parseDuration, type MetricGate, type PlanOptions } from '#libs/contracts'
import { parseRamp, parseShare, type RampShare } from '#libs/policy'

/** Rollout plan as people write it; the service approver fills in defaults. */
export interface PlanInput {
  /** Share of the canary, as a fraction (`0.05`; `1` is all bots) or a percentage (`'5%'`). */
  canary?: number | string
  /** Scope of the canary: `region:NCR`, or `region:*` for all regions. */
  scope?: string
  /** Duration such as `'5m'`, or milliseconds. */
  observe?: string | number
  bake?: string | number
  partners?: string[]
  /** Fallback releases, each as `ID@VERSION`. */
  fallbacks?: string[]
  /** Each as `NAME=QUERY`, with a Prometheus query that must hold for the canary to pass. */
  metrics?: string[]
  /** Steps of the canary, such as `5% NCR, 100% NCR, 25%, 100%`; replaces `canary` and `scope`. */
  ramp?: string
}

export const PLAN_OPTIONS = ['canary', 'scope', 'observe', 'bake', 'partners', 'fallbacks', 'metrics', 'ramp'] as const

/** Converts a plan for approver. Throws `HMS_SHARE_INVALID`, `HMS_DURATION_INVALID`, `HMS_METRIC_INVALID` or `HMS_RAMP_INVALID` (400). */
export function planOptions(input: PlanInput): PlanOptions {
  return {
    share: input.canary === undefined ? undefined : shareOf(input.canary),
    scope: input.scope,
    observeMs: input.observe === undefined ? undefined : parseDuration(input.observe, 'observe'),
    bakeMs: input.bake === undefined ? undefined : parseDuration(input.bake, 'bake'),
    partners: input.partners,
    fallbacks: input.fallbacks,
    metrics: input.metrics === undefined ? undefined : gatesOf(input.metrics),
    ramp: input.ramp === undefined ? undefined : rampOf(input.ramp, input),
  }
}

function shareOf(canary: number | string): number {
  const share = parseShare(canary)
  if (share.ok) return share.basisPoints
  throw new HmsError(share.code, `canary: ${share.message}`, { status: 400 })
}

function rampOf(ramp: string, { canary, scope }: PlanInput): RampShare[] {
  const parsed = parseRamp(ramp)
  const problem = canary !== undefined || scope !== undefined ? 'it says shares and scopes itself: leave out canary and scope' : undefined
  if (parsed.ok && problem === undefined) return parsed.steps
  const next = ['hms-svc approve FILE --ramp "5% NCR, 100% NCR, 25%, 100%" --sign NAME']
  throw new HmsError('HMS_RAMP_INVALID', `ramp: ${problem ?? (parsed as { message: string }).message}`, { status: 400, next })
}

function gatesOf(metrics: readonly string[]): MetricGate[] {
  const gates = metrics.map((metric) => {
    const at = metric.indexOf('=')
    return { name: metric.slice(0, Math.max(at, 0)), query: metric.slice(at + 1).trim() }
  })
  const problem = metricsProblem(gates)
  if (problem === undefined) return gates
  const next = ["hms-svc approve FILE --metric 'errors=error_ratio < bool 0.05' --sign NAME"]
  throw new HmsError('HMS_METRIC_INVALID', `${problem}; write NAME=QUERY`, { status: 400, next })
}

import {
  canonicalJson,
  isSameMetrics,
  stepsOf,
  type JsonObject,
  type PlanOptions,
  type PreparedApproval,
  type PrepareRequest,
} from '#libs/contracts'
import { isSameRamp } from '#libs/policy'
import { digestOfJson, type ReleasePredicate } from '#libs/signing'
import type { ApiClient } from '../api/api-client.js'
import { mismatch, readPrepared, type ReadApproval } from './read-prepared.js'

export interface PrepareOptions {
  author?: string
  /** Who committed the file of each policy last, by policy id. */
  committedBy?: Record<string, string>
  /** Wait behind the active run of the policy instead of being refused. */
  queue?: boolean
  /** End the runs of these policies that are under way, once all have signed. */
  supersede?: boolean
}

/**
 * Has approver prepare the bytes to sign, and checks that they say what was asked: these policies, under this plan. A
 * signature over anything else would be somebody else's. Throws `HMS_APPROVAL_MISMATCH` (502) where they differ.
 */
export async function prepareApproval(
  api: ApiClient,
  policies: readonly JsonObject[],
  plan: PlanOptions,
  options: PrepareOptions = {},
): Promise<PreparedApproval> {
  const request: PrepareRequest = {
    policies: [...policies],
    plan,
    author: options.author,
    committedBy: options.committedBy,
    queue: options.queue,
    supersede: options.supersede,
  }
  const { prepared, predicates } = readPreparedFor(await api.post<PreparedApproval>('/v1/approvals/prepare', request), policies)
  for (const release of predicates) {
    // Whoever signs an ordinary approval must not find that it was one that skips what tries it, or brings back another version.
    if (release.breakGlass !== undefined) throw mismatch('break-glass, which nobody asked for')
    if (release.rollback !== undefined) throw mismatch('a rollback, which nobody asked for')
    if (options.author !== undefined && release.author === null) throw mismatch('a release without its author')
    const other = otherPlan(plan, release)
    if (other !== undefined) throw mismatch(`${other} than was asked for`)
  }
  return prepared
}

/** What the prepared bytes say: exactly these policies. */
export function readPreparedFor(given: PreparedApproval, policies: readonly JsonObject[]): ReadApproval {
  const read = readPrepared(given)
  const asked = policies.map(digestOfJson).sort()
  const offered = read.predicates.map(({ policy }) => digestOfJson(policy)).sort()
  if (asked.join() !== offered.join()) throw mismatch('other policies than those that were given')
  return read
}

/** Members of a plan, in the words of people. */
const PLAN_MEMBERS = [
  ['share', 'canary share'],
  ['scope', 'canary scope'],
  ['observeMs', 'observation time'],
  ['bakeMs', 'bake time'],
] as const

/** What else of the plan was asked for than the bytes say. */
export function otherPlan(plan: PlanOptions, { plan: said, policy, fallbacks }: ReleasePredicate): string | undefined {
  for (const [key, name] of PLAN_MEMBERS) if (plan[key] !== undefined && plan[key] !== said[key]) return `another ${name}`
  if (plan.partners !== undefined && canonicalJson([...plan.partners].sort()) !== canonicalJson([...(said.partners ?? [])].sort()))
    return 'other partners'
  if (plan.metrics !== undefined && !isSameMetrics(plan.metrics, said.metrics)) return 'other metrics'
  if (plan.ramp !== undefined && !isSameRamp(plan.ramp, stepsOf(said))) return 'another ramp'
  const bound = fallbacks.map(({ version }) => `${policy.id}@${version}`)
  const isLacking = (plan.fallbacks ?? []).some((name) => name.startsWith(`${policy.id}@`) && !bound.includes(name))
  return isLacking ? 'other fallbacks' : undefined
}

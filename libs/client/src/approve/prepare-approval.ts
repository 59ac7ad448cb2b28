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
  /** Last committer of each policy's file, by policy id. */
  committedBy?: Record<string, string>
  /** Queue behind the active run of the policy instead of being rejected. */
  queue?: boolean
  /** End the active runs of these policies once all have signed. */
  supersede?: boolean
}

/**
 * Requests the bytes to sign from approver, and verifies that they contain the requested policies and plan: a signature over anything else
 * would approve something unintended. Throws `HMS_APPROVAL_MISMATCH` (502) if they differ.
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
  const { prepared, predicates } = readPreparedFor(await api.post('/v1/approvals/prepare', request), policies)
  for (const release of predicates) {
    // The signer of an ordinary approval must not unknowingly sign one that skips its tests, or reinstates another version.
    if (release.breakGlass !== undefined) throw mismatch('break-glass, which was not requested')
    if (release.rollback !== undefined) throw mismatch('a rollback, which was not requested')
    if (options.author !== undefined && release.author === null) throw mismatch('a release without its author')
    const other = otherPlan(plan, release)
    if (other !== undefined) throw mismatch(`${other} than was asked for`)
  }
  return prepared
}

/** Reads the prepared bytes and verifies that they contain exactly these policies. */
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

/** Returns the first requested plan option that the bytes do not contain. */
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

import {
  isSameMetrics,
  HmsError,
  peekPredicate,
  stepsOf,
  type JsonObject,
  type PlanOptions,
  type PreparedApproval,
  type PreparedRelease,
  type PrepareRequest,
} from '#libs/contracts'
import { isSameRamp } from '#libs/policy'
import { digestOf, digestOfJson, STATEMENT_TYPE, type ReleasePredicate } from '#libs/signing'
import type { ApiClient } from '../api/api-client.js'

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
  const prepared = await api.post<PreparedApproval>('/v1/approvals/prepare', request)
  const releases = releasesOf(prepared, policies)
  for (const release of releases) {
    // Whoever signs an ordinary approval must not find that it was one that skips what tries it.
    if (release.breakGlass !== undefined) throw mismatch('break-glass, which nobody asked for')
    for (const key of ['share', 'observeMs', 'bakeMs'] as const) {
      if (plan[key] !== undefined && plan[key] !== release.plan[key]) throw mismatch(`another ${key} than was asked for`)
    }
    if (plan.metrics !== undefined && !isSameMetrics(plan.metrics, release.plan.metrics))
      throw mismatch('other metrics than were asked for')
    if (plan.ramp !== undefined && !isSameRamp(plan.ramp, stepsOf(release.plan))) throw mismatch('another ramp than was asked for')
  }
  return prepared
}

/** What the prepared bytes say: exactly these policies. */
export function releasesOf(prepared: PreparedApproval, policies: readonly JsonObject[]): ReleasePredicate[] {
  const releases = prepared.releases.map((release) => readPrepared(release))
  const asked = policies.map(digestOfJson).sort()
  const offered = releases.map(({ policy }) => digestOfJson(policy)).sort()
  if (asked.join() !== offered.join()) throw mismatch('other policies than those that were given')
  return releases
}

function readPrepared({ payload, digest }: PreparedRelease): ReleasePredicate {
  if (digestOf(Buffer.from(payload, 'base64')) !== digest) throw mismatch('bytes of another digest than it names')
  return peekPredicate<ReleasePredicate>({ payload, payloadType: STATEMENT_TYPE, signatures: [] })
}

export function mismatch(what: string): HmsError {
  return new HmsError('HMS_APPROVAL_MISMATCH', `the service prepared ${what}; nothing was signed`, { status: 502, retryable: false })
}

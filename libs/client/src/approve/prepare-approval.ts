import { canonicalJson, HmsError, isSameMetrics, type JsonObject, type PlanOptions, type PreparedApproval, stepsOf } from '#libs/contracts'
import { isSameRamp } from '#libs/policy'
import { digestOfJson, type ReleasePredicate } from '#libs/signing'
import type { ApiClient } from '../api/api-client.js'
import { mismatch, readPrepared, type ReadApproval } from './read-prepared.js'

export interface PrepareOptions {
  author?: string
  /** Last committer of each policy's file, by policy id. */
  committedBy?: Record<string, string>
  /** Whether to queue behind the active run of the policy instead of being rejected. */
  queue?: boolean
  /** Whether to end the active runs of these policies once all people have signed. */
  supersede?: boolean
}

/** Requests the bytes to sign, and verifies their policies and plan. Throws `HMS_APPROVAL_MISMATCH` (502) if they differ. */
export async function prepareApproval(
  api: ApiClient,
  policies: readonly JsonObject[],
  plan: PlanOptions,
  options: PrepareOptions = {},
): Promise<PreparedApproval> {
  const { author, committedBy, queue, supersede } = options
  const request = { policies: [...policies], plan, author, committedBy, queue, supersede }
  const { prepared, predicates } = readPreparedFor(await api.post('/v1/approvals/prepare', request), policies)
  for (const release of predicates) {
    // The signer of an ordinary approval must not unknowingly sign a break-glass, which skips tests, or a rollback to another version.
    if (release.breakGlass !== undefined) throw mismatch('break-glass, which was not requested') // guard: break-glass-client-mismatch
    if (release.rollback !== undefined) throw mismatch('a rollback, which was not requested')
    if (author !== undefined && release.author === null) throw mismatch('a release without its author')
    const other = otherPlan(plan, release)
    if (other !== undefined) throw mismatch(`${other} than requested`)
  }
  return prepared
}

/** Requests break-glass releases, and verifies their policies and reason. Throws `HMS_APPROVAL_MISMATCH` (502) if they differ. */
export async function prepareBreakGlass(
  api: ApiClient,
  policies: readonly JsonObject[],
  { reason, author }: { reason: string; author?: string },
): Promise<PreparedApproval> {
  const request = { policies: [...policies], reason, ...(author === undefined ? {} : { author }) }
  const { prepared, predicates } = readPreparedFor(await api.post('/v1/break-glass/prepare', request), policies)
  for (const { breakGlass } of predicates) if (breakGlass?.reason !== reason) throw mismatch('no break-glass, or one for another reason')
  return prepared
}

/** Reads an approval that others signed; plan and options must match it. Throws `HMS_APPROVER_PLAN_DIFFERS`, `HMS_BREAK_GLASS_ALONE`. */
export async function readApproval(
  api: ApiClient,
  digest: string,
  plan: PlanOptions = {},
  { author, supersede = false }: { author?: string; supersede?: boolean } = {},
): Promise<PreparedApproval> {
  const { prepared, predicates } = readPrepared(await api.get('/v1/approvals/{digest}/prepared', { digest }))
  if (prepared.digest !== digest) throw mismatch(`bytes of digest ${prepared.digest} for ${digest}`)
  if (prepared.breakGlass !== undefined) {
    const detail = 'This was prepared as break-glass: all signers must sign together, in one request.'
    const next = ['hms-svc break-glass FILE --sign NAME --sign NAME --reason TEXT']
    throw new HmsError('HMS_BREAK_GLASS_ALONE', detail, { status: 403, next })
  }
  const other =
    predicates.map((release) => otherPlan(plan, release)).find((each) => each !== undefined) ??
    (author !== undefined && !prepared.authors.includes(author) ? 'another author' : undefined) ??
    (supersede && prepared.supersede !== true ? 'no --supersede' : undefined)
  if (other === undefined) return prepared
  const detail = `The signed approval has ${other}. Leave the option out to countersign.`
  throw new HmsError('HMS_APPROVER_PLAN_DIFFERS', detail, { status: 409, next: [`hms-svc approvals show ${digest}`] })
}

/** Reads prepared bytes and verifies that they contain exactly these policies. */
function readPreparedFor(given: PreparedApproval, policies: readonly JsonObject[]): ReadApproval {
  const read = readPrepared(given)
  const requested = policies.map(digestOfJson).sort()
  const offered = read.predicates.map(({ policy }) => digestOfJson(policy)).sort()
  if (requested.join() !== offered.join()) throw mismatch('other policies than requested')
  return read
}

/** Names of plan members in error messages. */
const PLAN_MEMBERS = [
  ['share', 'canary share'],
  ['scope', 'canary scope'],
  ['observeMs', 'observation time'],
  ['bakeMs', 'bake time'],
] as const

/** Returns a phrase that names the first given plan option that differs in the bytes; `undefined` if none does. */
function otherPlan(plan: PlanOptions, { plan: preparedPlan, policy, fallbacks }: ReleasePredicate): string | undefined {
  for (const [key, name] of PLAN_MEMBERS) if (plan[key] !== undefined && plan[key] !== preparedPlan[key]) return `another ${name}`
  if (plan.partners !== undefined && canonicalJson([...plan.partners].sort()) !== canonicalJson([...(preparedPlan.partners ?? [])].sort()))
    return 'other partners'
  if (plan.metrics !== undefined && !isSameMetrics(plan.metrics, preparedPlan.metrics)) return 'other metrics'
  if (plan.ramp !== undefined && !isSameRamp(plan.ramp, stepsOf(preparedPlan))) return 'another ramp'
  const bound = fallbacks.map(({ version }) => `${policy.id}@${version}`)
  const isLacking = (plan.fallbacks ?? []).some((name) => name.startsWith(`${policy.id}@`) && !bound.includes(name))
  return isLacking ? 'other fallbacks' : undefined
}

const NOT_KNOWN = ['HMS_AUTH_REQUIRED', 'HMS_AUTH_SCOPE']

/** Prepares with `client`. If its key does not suffice, prepares with the client of the person about to sign, which `signing` returns. */
export async function prepareAs(
  client: ApiClient,
  signing: () => Promise<ApiClient>,
  prepare: (client: ApiClient) => Promise<PreparedApproval>,
): Promise<PreparedApproval> {
  try {
    return await prepare(client)
  } catch (error) {
    if (!(error instanceof HmsError) || !NOT_KNOWN.includes(error.code)) throw error
    return prepare(await signing())
  }
}

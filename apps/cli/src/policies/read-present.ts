import {
  fetchSnapshot,
  isLoopback,
  judgePresent,
  readPresent,
  type ApiClient,
  type LiveSource,
  type PinnedRosters,
  type PresentValue,
} from '#libs/client'
import { HmsError, NOT_BY_CALLER, type LocalPolicyView, type PolicyView, type Verification } from '#libs/contracts'
import { effectiveBreakGlass } from '#libs/signing'
import type { CliContext } from '../context.js'
import { clockHere, newestRostersHere, noRosterHere, warnOfDoubts } from '../roster/rosters-here.js'
import type { AS_READER, FlagsOf } from '../verbs/options.js'

/** Policy as `get` shows it. With verification `by-caller`, every provable member is from signed data. */
export type ShownPolicy = Omit<PolicyView, 'since' | 'provenance'> & {
  /** Reported by the store without proof, like `provenance.change`; missing if the store shows another release than the signed one. */
  since?: string
  /** Missing in the response of a side-car. */
  provenance?: PolicyView['provenance']
  verification: Verification
  /** Reason of STALE. */
  detail?: string
} & Partial<Pick<LocalPolicyView, 'state' | 'ageMs' | 'trust' | 'code'>>

/** Maximum numbers of policies and commands in an error. */
const MAX_NAMED = 50
const MAX_NEXT = 5

export type PresentReader = FlagsOf<typeof AS_READER>

type View = PolicyView | LocalPolicyView

/** Reads the version in force. Verifies it as the SDK does, by the roster of HMS_ROSTER, else the data folder, else a loopback service. */
export async function readPresentPolicy(context: CliContext, id: string, { region, bot }: PresentReader): Promise<ShownPolicy> {
  const client = await context.client()
  // Without `at` the response is the version in force; a side-car sends its own view.
  const fetchView = () => client.get('/v1/policies/{id}', { id, region, bot }) as Promise<View>
  // Requested along with the rest, to save a round trip; where nothing is verified here, its failure does not matter.
  const snapshot = fetchSnapshot(client, [id])
  snapshot.catch(() => undefined)
  const [view, rosters] = await Promise.all([fetchView(), newestRostersHere(context, client)])
  const [served] = asServed(context, client, [view], rosters) ?? []
  if (served !== undefined) return served
  const present = await readPresent(id, { region, bot }, sourceOf(context, client, rosters!, [snapshot]))
  if (present.value !== null) return shown(view, present, present.value, rosters!)
  // The policy may have been withdrawn since the first request; then this second request throws the error.
  const { version } = await fetchView()
  const detail = `The store shows ${id}@${version}, but no signed head puts it in force.`
  throw new HmsError('HMS_VERIFY_PRESENT', detail, { status: 502, next: ['hms-svc audit verify'] })
}

/** Returns the views as served if a local side-car verified them or no roster is here; `undefined` if `rosters` are to verify them. */
function asServed(
  context: CliContext,
  client: ApiClient,
  views: readonly View[],
  rosters: PinnedRosters | undefined,
): ShownPolicy[] | undefined {
  const isOfSidecar = views.every((view) => !('provenance' in view)) && isLoopback(client.url)
  if (!isOfSidecar && rosters !== undefined) return undefined
  if (!isOfSidecar) noRosterHere(context)
  return views.map((view) => ({ ...view, verification: isOfSidecar ? 'by-sidecar' : NOT_BY_CALLER }))
}

/** `early`: snapshot that has been requested already. */
function sourceOf(context: CliContext, client: ApiClient, rosters: PinnedRosters, early: Promise<unknown>[] = []): LiveSource {
  const snapshot = (ids: readonly string[]): Promise<unknown> => early.pop() ?? fetchSnapshot(client, ids)
  return { rosters, snapshot, clock: clockHere(context) }
}

/** Policy of a list that does not verify; contains none of the store's claims. */
export interface RefusedPolicy {
  id: string
  version: null
  state: 'UNVERIFIED'
  code: string
  detail: string
}

/** Reads all policies in force for a reader, verified one by one. The store may withhold some, which `audit verify` detects. */
export async function readPresentPolicies(context: CliContext, reader: PresentReader): Promise<(ShownPolicy | RefusedPolicy)[]> {
  const client = await context.client()
  const { region, bot } = reader
  const fetchViews = (): Promise<View[]> => client.get('/v1/policies', { region, bot })
  const [views, rosters] = await Promise.all([fetchViews(), newestRostersHere(context, client)])
  if (views.length === 0) return []
  const served = asServed(context, client, views, rosters)
  if (served !== undefined) return served
  const ids = views.map(({ id }) => id)
  const judged = await judgePresent(ids, reader, sourceOf(context, client, rosters!))
  // Some may have been withdrawn meanwhile.
  const isMissing = [...judged.values()].some((each) => each.kind === 'verified' && each.value === null)
  const left = new Set((isMissing ? await fetchViews() : views).map(({ id }) => id))
  return views.flatMap((view): (ShownPolicy | RefusedPolicy)[] => {
    const each = judged.get(view.id)!
    if (each.kind === 'refused') return [refused(view.id, each)] // guard: list-verified
    if (each.value !== null) return [shown(view, each, each.value, rosters!)]
    // guard: list-in-force-by-signature
    return left.has(view.id) ? [refused(view.id, { code: 'HMS_VERIFY_PRESENT', detail: 'no signed head puts it in force' })] : []
  })
}

/** Throws 502 `HMS_VERIFY_PRESENT` naming each policy that does not verify, if there are any. */
export function requireVerified(policies: readonly (ShownPolicy | RefusedPolicy)[]): asserts policies is ShownPolicy[] {
  const errors = policies.filter(isRefused).map(({ id, detail, code }) => ({ pointer: id, detail: `${detail} (${code})` }))
  if (errors.length === 0) return
  throw new HmsError('HMS_VERIFY_PRESENT', `${errors.length} of ${policies.length} policies that the store shows do not verify:`, {
    status: 502,
    errors: errors.slice(0, MAX_NAMED),
    next: ['hms-svc audit verify', ...errors.slice(0, MAX_NEXT).map(({ pointer }) => `hms-svc policies restore ${pointer}`)],
  })
}

export function isRefused(policy: ShownPolicy | RefusedPolicy): policy is RefusedPolicy {
  return policy.state === 'UNVERIFIED'
}

/** Warns of verified values that may be old. Also notes whether a side-car verified them. */
export function warnOf({ output }: CliContext, policies: readonly (ShownPolicy | RefusedPolicy)[]): void {
  const verified = policies.filter((policy): policy is ShownPolicy => !isRefused(policy))
  const local = verified.filter(({ verification }) => verification === 'by-sidecar')
  if (local.length > 0) output.note(`verified by the side-car${local.some(isStale) ? ', which is STALE' : ''}`)
  warnOfDoubts(
    { output },
    verified.filter((policy) => policy.verification === 'by-caller' && isStale(policy)),
  )
}

function isStale({ state }: ShownPolicy): boolean {
  return state === 'STALE'
}

function refused(id: string, { code, detail }: { code: string; detail: string }): RefusedPolicy {
  return { id, version: null, state: 'UNVERIFIED', code, detail }
}

function shown(
  view: View,
  { doubt }: PresentValue,
  { value, head, release, run, revision }: NonNullable<PresentValue['value']>,
  { kind }: PinnedRosters,
): ShownPolicy {
  const { digest, approvedBy, soleOfficial, predicate } = release
  const breakGlass = effectiveBreakGlass(predicate)
  const isSame = 'provenance' in view && view.provenance.digest === digest && view.scope === head.scope
  const change = isSame ? view.provenance.change : undefined
  return {
    id: head.policy,
    version: value.version,
    revision,
    source: 'live',
    scope: head.scope,
    ...(isSame ? { since: view.since } : {}),
    value: { ...value },
    verification: 'by-caller',
    state: doubt === undefined ? 'READY' : 'STALE',
    ...(doubt === undefined ? {} : { code: doubt.code, detail: doubt.detail }),
    trust: kind,
    provenance: {
      run,
      digest,
      author: predicate.author,
      approvedBy, // guard: get-signed-members
      ...(soleOfficial ? { soleOfficial } : {}),
      ...(breakGlass === undefined ? {} : { breakGlass }),
      ...(change === undefined ? {} : { change }),
    },
  }
}

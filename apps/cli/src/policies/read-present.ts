import type { ApiClient, PinnedRosters, PresentValue } from '#libs/client'
import { HmsError, NOT_BY_CALLER, type LocalPolicyView, type PolicyView, type Verification } from '#libs/contracts'
import { breakGlassBehind } from '#libs/signing'
import type { CliContext } from '../context.js'
import { noRosterHere, openRostersHere } from '../roster/rosters-here.js'

/** Policy as `get` shows it: every provable member is from signed data, unless `verification` differs. */
export type ShownPolicy = Omit<PolicyView, 'since' | 'provenance'> & {
  /** Reported by the store without proof, like `provenance.change`; missing if it shows another release than the signed one. */
  since?: string
  /** Missing in the response of a side-car. */
  provenance?: PolicyView['provenance']
  verification: Verification
  /** Reason of STALE. */
  detail?: string
} & Partial<Pick<LocalPolicyView, 'state' | 'ageMs' | 'trust' | 'code'>>

interface PresentReader {
  region?: string
  bot?: string
}

/**
 * Reads the version in force, verified as the SDK verifies it: by the roster of HMS_ROSTER, else the data folder's, else the first one of a
 * loopback address. Without a roster the response is marked as not verified; a side-car on this machine has verified its own.
 */
export async function readPresentPolicy(context: CliContext, id: string, reader: PresentReader): Promise<ShownPolicy> {
  const client = await context.client()
  const { isLoopback } = await import('#libs/client')
  const ask = (): Promise<PolicyView | LocalPolicyView> =>
    client.get(`/v1/policies/${encodeURIComponent(id)}`, { region: reader.region, bot: reader.bot })
  const [view, rosters] = await Promise.all([ask(), openRostersHere(context, client)])
  if (!('provenance' in view) && isLoopback(client.url)) return { ...view, verification: 'by-sidecar' }
  if (rosters === undefined) {
    noRosterHere(context)
    return { ...view, verification: NOT_BY_CALLER }
  }
  const present = await readSigned(context, client, { id, reader, rosters })
  if (present.value !== null) return shown(view, present, present.value, rosters)
  // It may have been withdrawn meanwhile: then the second response is the refusal.
  const { version } = await ask()
  throw new HmsError('HMS_VERIFY_PRESENT', `The store shows ${id}@${version}, and nothing that is signed puts it in force.`, {
    status: 502,
    next: ['hms-svc audit verify'],
  })
}

async function readSigned(
  { io }: CliContext,
  client: ApiClient,
  { id, reader, rosters }: { id: string; reader: PresentReader; rosters: PinnedRosters },
): Promise<PresentValue> {
  const { readPresent, systemClock } = await import('#libs/client')
  // If there is no newer one, or none that follows, the last valid one counts.
  await rosters.follow().catch(() => undefined)
  const snapshot = (ids: readonly string[]): Promise<unknown> => client.get('/v1/snapshot', { revision: 0, policies: ids.join() })
  return readPresent(id, reader, { rosters, snapshot, clock: { ...systemClock, now: () => io.now() } })
}

function shown(
  view: PolicyView | LocalPolicyView,
  { doubt }: PresentValue,
  { value, head, release, run, revision }: NonNullable<PresentValue['value']>,
  { kind }: PinnedRosters,
): ShownPolicy {
  const { digest, approvedBy, soleOfficial, predicate } = release
  const breakGlass = breakGlassBehind(predicate)
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
      approvedBy,
      ...(soleOfficial ? { soleOfficial } : {}),
      ...(breakGlass === undefined ? {} : { breakGlass }),
      ...(change === undefined ? {} : { change }),
    },
  }
}

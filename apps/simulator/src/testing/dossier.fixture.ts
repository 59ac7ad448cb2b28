import { packDossier, type JsonObject, type ReleaseDocument, type RunDossier } from '#libs/contracts'
import { buildRelease, signEnvelope } from '#libs/signing'

const AT = '2026-01-01T00:00:00Z'
const PLAN = { share: 500, scope: 'global', scopeName: 'everyone', observeMs: 0, bakeMs: 0, partners: null }

export const POLICY = 'epa-pm25-limit'

/** A version with its limit: `['2.0.0', 25]`. */
export type Limit = readonly [version: string, limit: number]

/** Builds a run that changes one policy from `before` to `after`. */
export async function dossierOf(
  after: Limit,
  before: Limit | null,
  { run = 184, attempt = 1, policy = POLICY, liveFields = {} } = {},
): Promise<RunDossier> {
  const live = { [policy]: before === null ? null : await releaseOf(policy, before, liveFields) }
  return packDossier({ run, attempt, releases: [await releaseOf(policy, after)], live, used: {}, plan: PLAN })
}

/** Combines two runs of one policy each into one run of both. */
export function bundleOf(first: RunDossier, second: RunDossier): RunDossier {
  return { ...first, releases: [...first.releases, ...second.releases], live: { ...first.live, ...second.live } }
}

async function releaseOf(id: string, [version, limit]: Limit, fields: JsonObject = {}): Promise<ReleaseDocument> {
  const policy = { id, version, effective: AT, limit, ...fields }
  const history = { releaseEpoch: 1, previous: null, fallbacks: [], author: null }
  const times = { preparedAt: AT, expires: '2027-01-01T00:00:00Z' }
  const { payload, digest, policyDigest } = buildRelease({ policy, scopes: ['global'], plan: PLAN, ...history, ...times })
  return { id, version, policyDigest, releaseDigest: digest, releaseEpoch: 1, envelope: await signEnvelope(payload, []) }
}

export const ADAPTS = `export const policies = ['${POLICY}']
export default (reading, getPolicy) => reading.pm25 > getPolicy('${POLICY}').limit ? { alert: 'Violation', value: reading.pm25 } : null`

export const HARD_CODED = `export const policies = ['${POLICY}']
export default (reading, getPolicy) => (getPolicy('${POLICY}'), reading.pm25 > 35) ? { alert: 'Violation', value: reading.pm25 } : null`

export const THROWS = `export const policies = ['${POLICY}']
export default (reading, getPolicy) => { throw new Error('\\0 ' + getPolicy('${POLICY}').limit) }`

export const SCENARIO = `id: pm25-violation
policies: [${POLICY}]
corpus: virginia
alert: reading.pm25 > double(policy["${POLICY}"].limit)
`

export const CORPUS = 'date,pm25_ug_m3\n2023-06-07,12\n2023-06-08,30\n2023-06-09,40\n'

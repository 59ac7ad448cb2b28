import { canonicalJson, peekPredicate, stepsOf, type PreparedApproval, type PreparedRelease, type RolloutPlan } from '#libs/contracts'
import { STATEMENT_TYPE, type ReleasePredicate } from '#libs/signing'

/** What a signer should read before the key is unlocked: difference, plan and digest. */
export function describePrepared(prepared: PreparedApproval): string[] {
  const { breakGlass, plan } = prepared
  const plans =
    breakGlass === undefined
      ? [`  Plan: ${describePlan(plan)}`, ...describeGates(plan)]
      : [`  BREAK-GLASS: ${breakGlass.reason}`, `  Plan: no simulation, no canary, bake ${seconds(plan.bakeMs)}, ${partnersOf(plan)}`]
  return [...prepared.releases.flatMap(describeRelease), ...plans, ...describePeople(prepared)]
}

/** The same of a rollback, which goes by no plan. The document is no file of the signer's: it is shown whole. */
export function describeRollbackOrder(prepared: PreparedApproval): string[] {
  const documents = prepared.releases.map((release) => `  The whole document: ${canonicalJson(predicateOf(release).policy)}`)
  return [...prepared.releases.flatMap(describeRelease), ...documents, ...describePeople(prepared)]
}

function describePeople(prepared: PreparedApproval): string[] {
  return [
    ...(prepared.authors.length === 0 ? [] : [`  Written by ${prepared.authors.join(', ')}`]),
    ...(prepared.signedBy.length === 0 ? [] : [`  Signed already by ${prepared.signedBy.join(', ')}`]),
    ...(prepared.supersede === true ? ['  Supersedes: ends the runs of these policies that are under way'] : []),
    `  Digest ${prepared.digest}`,
  ]
}

function describeRelease(release: PreparedRelease): string[] {
  const versions = release.live === null ? `${release.version} (first version)` : `${release.live} → ${release.version}`
  const differences = release.differences.map((difference) => `  ${difference.text}`)
  const changes = differences.length === 0 ? ['  no change of values'] : differences
  return [`${release.id} ${versions}`, ...changes, ...describeTakenBack(release), ...describeFallbacks(release)]
}

/** Versions that a rollback may bring back without new signatures. */
function describeFallbacks(release: PreparedRelease): string[] {
  const { fallbacks } = predicateOf(release)
  const versions = fallbacks.map(({ version }) => version)
  return versions.length === 0 || versions.join() === release.live ? [] : [`  May be taken back to ${versions.join(', ')}`]
}

function predicateOf({ payload }: PreparedRelease): ReleasePredicate {
  return peekPredicate<ReleasePredicate>({ payload, payloadType: STATEMENT_TYPE, signatures: [] })
}

/** Warns the signer of a version that was taken back before. */
function describeTakenBack({ version, takenBack }: PreparedRelease): string[] {
  if (takenBack === undefined) return []
  const { run, at } = takenBack
  return [`  ${version} was taken back at ${at}${run === null ? ' by people' : ` by run #${run}: hms-svc runs show ${run}`}`]
}

function describePlan(plan: RolloutPlan): string {
  const bake = plan.bakeMs === plan.observeMs ? '' : `, bake ${seconds(plan.bakeMs)}`
  const steps = stepsOf(plan).map(({ share, scopeName }) => `${share / 100}% of ${scopeName}`)
  return `canary ${steps.join(', then ')}, observe ${seconds(plan.observeMs)}${steps.length > 1 ? ' each' : ''}${bake}, ${partnersOf(plan)}`
}

function partnersOf({ partners }: RolloutPlan): string {
  return partners === null ? 'all partners' : partners.join(', ') || 'no partners'
}

function describeGates({ metrics = [] }: RolloutPlan): string[] {
  return metrics.map(({ name, query }) => `  Metric ${name} must hold: ${query}`)
}

function seconds(ms: number): string {
  return `${ms / 1000} s`
}

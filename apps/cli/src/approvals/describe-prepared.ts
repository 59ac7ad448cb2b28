import { canonicalJson, type PreparedApproval } from '#libs/contracts'
import { describeChange, type Consent, type ConsentLine, type ConsentRelease, type PolicyDocument } from '#libs/policy'
import type { Paint } from '../output/paint.js'
import { refusedFallbackLines } from '../plan/describe-plan.js'

export interface Described {
  /** Data the service reports besides the bytes; it is unsigned. */
  reported: Pick<PreparedApproval, 'digest' | 'signedBy' | 'supersede' | 'releases' | 'overtakenBy'>
  /** Signed policies, in the order of the consent. */
  policies: readonly PolicyDocument[]
  paint: Paint
}

/** Returns what a signer should read before the key is unlocked: difference, plan and digest. */
export function describePrepared(consent: Consent, described: Described): string[] {
  const { digest, signedBy, supersede } = described.reported
  return [
    ...describeConsent(consent, described),
    ...(signedBy.length === 0 ? [] : [`  Signed already by ${signedBy.join(', ')}`]),
    ...(supersede === true ? ['  Supersedes: ends the runs of these policies that are under way'] : []),
    `  Digest ${digest}`,
  ]
}

/** Returns differences, plan and authors. */
export function describeConsent(consent: Consent, described: Described): string[] {
  const { authors, plan, releases } = consent
  return [
    ...releases.flatMap((release, index) => describeRelease(release, index, consent, described)),
    ...overtakenLines(described.reported, described.paint),
    ...linesOf(plan, described.paint),
    ...(authors.length === 0 ? [] : [`  Written by ${authors.join(', ')}`]),
  ]
}

function describeRelease(
  release: ConsentRelease,
  index: number,
  { isRollback }: Consent,
  { reported, policies, paint }: Described,
): string[] {
  const { heading, changes, verdict, remarks, id } = release
  // The signer has no file, or there is no verified base to compare with.
  const whole = isRollback || changes === undefined ? [`  The whole document: ${canonicalJson(policies[index]!)}`] : []
  return [
    heading,
    ...linesOf(verdict, paint),
    ...(changes ?? []).map((change) => `  ${describeChange(change)}`),
    ...linesOf(remarks, paint),
    ...reported.releases
      .filter((each) => each.id === id)
      .flatMap((each) => [...describeTakenBack(each), ...refusedFallbackLines(each.refusedFallbacks)]),
    ...whole,
  ]
}

/** Warns the signer of a version that was rolled back before. */
function describeTakenBack({ version, takenBack }: PreparedApproval['releases'][number]): string[] {
  if (takenBack === undefined) return []
  const { run, at } = takenBack
  return [`  ${version} was taken back at ${at}${run === null ? ' by people' : ` by run #${run}: hms-svc runs show ${run}`}`]
}

/** Warns of a run ahead whose success would end this approval STALE. */
export function overtakenLines({ overtakenBy }: Pick<PreparedApproval, 'overtakenBy'>, { bad }: Pick<Paint, 'bad'>): string[] {
  if (overtakenBy === undefined) return []
  const why = `Run #${overtakenBy} is ahead, and this was prepared before it: once that run succeeds, this ends STALE.`
  return [`  ${bad(`${why} Approve the file again with --queue.`)}`]
}

function linesOf(lines: readonly ConsentLine[], paint: Paint): string[] {
  return lines.map(({ tone, text }) => `  ${tone === 'bad' ? paint.bad(text) : text}`)
}

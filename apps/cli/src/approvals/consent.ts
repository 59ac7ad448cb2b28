import { canonicalJson, type PreparedApproval } from '#libs/contracts'
import { describeChange, type Consent, type ConsentLine, type ConsentRelease, type PolicyDocument } from '#libs/policy'
import { readConsentAndLive, readPrepared, type ApiClient } from '#libs/client'
import type { CliContext } from '../context.js'
import type { Paint } from '../output/paint.js'
import { refusedFallbackLines } from '../plan/describe-plan.js'
import { rosterFile } from '../roster/rosters-here.js'

interface Described {
  /** Unsigned data that the service reports in addition to the bytes. */
  reported: PreparedApproval
  /** Signed policies, in the order of the consent. */
  policies: readonly PolicyDocument[]
  /** Lines below the differences. */
  consequence?: readonly string[]
  paint: Paint
}

export function describeConsent(consent: Consent, described: Described): string[] {
  const { authors, plan, releases } = consent
  return [
    ...releases.flatMap((release, index) => describeRelease(release, index, consent, described)),
    ...(described.consequence ?? []),
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
  // Needed for a rollback, for which the signer has no file, and if there is no verified base to compare with.
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
  return [`  ${bad(`${why} To wait for it instead: hms-svc approve FILE --queue.`)}`]
}

function linesOf(lines: readonly ConsentLine[], paint: Paint): string[] {
  return lines.map(({ tone, text }) => `  ${tone === 'bad' ? paint.bad(text) : text}`)
}

/** Returns the effect of a signature, verified with the roster of HMS_ROSTER, else of the data folder, else of a loopback service. */
export async function consentTo(
  context: CliContext,
  client: ApiClient,
  prepared: PreparedApproval,
): Promise<Awaited<ReturnType<typeof readConsentAndLive>> & { policies: PolicyDocument[] }> {
  const { predicates } = readPrepared(prepared)
  const trust = { roster: rosterFile(context), cacheDir: context.io.environment.lookup('HMS_CACHE_DIR') }
  return {
    ...(await readConsentAndLive(client, predicates, trust)),
    policies: predicates.map(({ policy }) => policy as unknown as PolicyDocument),
  }
}

/** Prints what a signer should read before the key is unlocked: difference, plan and digest. */
export async function showConsent(context: CliContext, client: ApiClient, prepared: PreparedApproval): Promise<void> {
  const { consent, policies } = await consentTo(context, client, prepared)
  const { output } = context
  const { digest, signedBy, supersede } = prepared
  const lines = [
    ...describeConsent(consent, { reported: prepared, policies, paint: output.errorPaint }),
    ...(signedBy.length === 0 ? [] : [`  Signed already by ${signedBy.join(', ')}`]),
    ...(supersede === true ? ['  Supersedes: ends the runs of these policies that are under way'] : []),
    `  Digest ${digest}`,
  ]
  for (const line of lines) output.note(line)
}

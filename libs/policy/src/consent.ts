import { printable, quotedUnless, spokenDuration, stepsOf, type Json, type RolloutPlan, type VersionRef } from '#libs/contracts'
import { diffPolicies, type FieldChange } from './changes.js'
import { describeMagnitude } from './describe-magnitude.js'
import type { PolicyDocument } from './document.js'
import { displayUnits, unitsBefore } from './units.js'

/** Content of a release, read from the bytes to be signed. */
export interface SignedRelease {
  policy: PolicyDocument
  previous: VersionRef | null
  fallbacks: readonly VersionRef[]
  author: string | null
  plan: RolloutPlan
  rollback?: { target: VersionRef; reason: string }
  breakGlass?: { reason: string }
}

/** Policy in force, as verified by the signer's own program. `release` is `null` if the program verified that none is in force. */
export type VerifiedLive = { kind: 'verified'; release: LiveRelease | null } | { kind: 'unverified'; why: string }

export function verifiedPolicies(live: ReadonlyMap<string, VerifiedLive>): PolicyDocument[] {
  return [...live.values()].flatMap((each) => (each.kind === 'verified' && each.release !== null ? [each.release.policy] : []))
}

export interface LiveRelease {
  policy: PolicyDocument
  digest: string
  /** Signed statement in base64; its digest is `digest`. */
  payload?: string
}

/** Line of text; `bad` marks a warning that a signer must not miss. */
export interface ConsentLine {
  tone: 'plain' | 'bad'
  text: string
}

export interface ConsentRelease {
  id: string
  version: string
  /** Version in force; `null` for none, `undefined` if not verified. */
  live: string | null | undefined
  /** `epa-pm25-limit 1.5.0 → 2.0.0`. */
  heading: string
  /** `undefined` if no verified release could be compared. */
  changes: FieldChange[] | undefined
  /** Lines before the changes: why they are missing, or that there are none. */
  verdict: ConsentLine[]
  /** Lines after the changes. */
  remarks: ConsentLine[]
}

export interface Consent {
  releases: ConsentRelease[]
  /** Whether a release reinstates an earlier version; then there is no plan. */
  isRollback: boolean
  plan: ConsentLine[]
  authors: string[]
}

/**
 * Returns what signing these releases means, for terminal and page: differences from those in force, plan, authors. Depends only on the
 * bytes to sign and `live` (by policy id; missing ones are unverified), on no other statement of the service that prepared the bytes.
 */
export function consentOf(releases: readonly SignedRelease[], live: ReadonlyMap<string, VerifiedLive>): Consent {
  return {
    releases: releases.map((release) =>
      releaseConsent(release, live.get(release.policy.id) ?? { kind: 'unverified', why: 'nothing was read' }),
    ),
    isRollback: releases.some(({ rollback }) => rollback !== undefined),
    plan: planConsent(releases),
    authors: [...new Set(releases.flatMap(({ author }) => (author === null ? [] : printable(author))))],
  }
}

function releaseConsent(release: SignedRelease, live: VerifiedLive): ConsentRelease {
  const { id, version } = release.policy
  if (live.kind === 'unverified') {
    const why = `DIFFERENCE NOT VERIFIED: ${live.why}. The release was not compared with the one in force.`
    return {
      id,
      version,
      live: undefined,
      heading: printable(`${id} ${version}`),
      changes: undefined,
      verdict: [bad(why)],
      remarks: remarksOf(release, null),
    }
  }
  const before = live.release?.policy
  const changes = diffPolicies(before, release.policy)
  return {
    id,
    version,
    live: before?.version ?? null,
    heading: printable(before === undefined ? `${id} ${version} (first version)` : `${id} ${before.version} → ${version}`),
    changes,
    verdict: changes.length === 0 ? [plain('no change of values')] : [],
    remarks: [
      ...changes.flatMap(describeMagnitude).map(bad),
      ...predecessorWarning(release, live.release),
      ...remarksOf(release, live.release),
    ],
  }
}

/** Returns a warning if the release's predecessor is not in force: the release then goes live after another run, or not at all. */
function predecessorWarning({ previous }: SignedRelease, live: LiveRelease | null): ConsentLine[] {
  if ((previous?.digest ?? null) === (live?.digest ?? null)) return []
  const follows = previous === null ? 'no version' : releaseText(previous.version, previous.digest)
  const inForce = live === null ? 'no version' : releaseText(live.policy.version, live.digest)
  const outcome = 'its run waits for the run ahead, or ends STALE. If no run is ahead, approver has not received the last change yet'
  return [bad(`It follows ${follows}, but ${inForce} is in force: ${outcome}; approve again later.`)]
}

function releaseText(version: string, digest: string): string {
  return `${version} (${digest.slice(0, 19)}…)`
}

function remarksOf({ fallbacks, rollback }: SignedRelease, live: LiveRelease | null): ConsentLine[] {
  // The version of a fallback is a label of approver's: readers go by the digest. That of the release in force needs no line.
  const others = fallbacks.filter(({ digest }) => digest !== live?.digest) // guard: consent-fallback-digest
  const names = others.map(({ version, digest }) => releaseText(quotedUnless(/^[\w.+-]+$/, version), digest))
  return [
    ...(rollback === undefined
      ? []
      : [plain(`Brings back ${rollback.target.version}. Public reason: ${rollback.reason || 'none is given'}`)]),
    ...(names.length === 0 ? [] : [plain(`May be taken back to ${names.join(', ')}`)]),
  ]
}

/** Returns the lines of the plan, which is the same in all releases signed together. */
function planConsent([release]: readonly SignedRelease[]): ConsentLine[] {
  // A rollback has no plan.
  if (release === undefined || release.rollback !== undefined) return []
  const { plan, breakGlass } = release
  if (breakGlass !== undefined)
    return [
      bad(`BREAK-GLASS: ${breakGlass.reason}`),
      bad(`Plan: no simulation, no canary, watched for ${spokenDuration(plan.bakeMs)} after the rollout, ${partnersOf(plan)}`),
    ]
  const evidence = plan.requirePower === true ? ', with enough events to judge by' : plan.requireEvidence === true ? ', with evidence' : ''
  return [
    plain(`Plan: canary ${stepsText(plan)}${evidence}, watched for ${spokenDuration(plan.bakeMs)} after the rollout, ${partnersOf(plan)}`),
    ...(plan.metrics ?? []).map(({ name, query }) => plain(`Metric ${name} must hold: ${query}`)),
  ]
}

/** Formats the steps of the canary. The name of a scope is free text in the plan, so the scope itself is added. */
function stepsText(plan: RolloutPlan): string {
  const nameOf = (name: string): string => quotedUnless(/^[\p{L}\p{N} .'-]*$/u, name)
  const steps = stepsOf(plan).map(({ share, scope, scopeName }) => `${share / 100} % of ${nameOf(scopeName)} (${scope})`)
  return `${steps.join(', then ')}, observed for ${spokenDuration(plan.observeMs)}${steps.length > 1 ? ' each' : ''}`
}

function partnersOf({ partners }: RolloutPlan): string {
  return partners === null ? 'all partners' : partners.map((name) => quotedUnless(/^[a-z0-9-]+$/, name)).join(', ') || 'no partners'
}

/** Returns a change as three table cells: field, value before, value after. Values are complete JSON with their unit. */
export function changeCells(change: FieldChange): [field: string, before: string, after: string] {
  const { field, from, to, units } = change
  return [printable(field), cellOf(from, unitsBefore(change), 'not there'), cellOf(to, units, 'removed')]
}

function cellOf(value: Json | undefined, units: string | undefined, missing: string): string {
  if (value === undefined) return missing
  return printable(`${JSON.stringify(value)}${units === undefined ? '' : ` ${displayUnits(units)}`}`)
}

/** Returns every text of a consent in the order of a page, for comparison by the page's script. */
export function consentTexts({ releases, plan, authors }: Consent): string[] {
  const ofReleases = releases.flatMap(({ heading, verdict, changes = [], remarks }) => [
    heading,
    ...verdict.map(({ text }) => text),
    ...changes.flatMap(changeCells),
    ...remarks.map(({ text }) => text),
  ])
  return [...ofReleases, ...plan.map(({ text }) => text), ...authors]
}

function plain(text: string): ConsentLine {
  return { tone: 'plain', text: printable(text) }
}

function bad(text: string): ConsentLine {
  return { tone: 'bad', text: printable(text) }
}

import { orMissing, rejectApproval as reject, type ApiClient, type PinnedRosters } from '#libs/client'
import { policyRefs, HmsError, isTerminal, MAX_APPROVALS_LISTED, type ApprovalSummary } from '#libs/contracts'
import { hasErrors, verifiedPolicies, type PolicyDocument, type VerifiedLive } from '#libs/policy'
import type { TrialDocuments } from '#libs/signing'
import type { CliContext } from '../context.js'
import { requireDigest, requireName, requirePublicReason, usageError } from '../errors.js'
import { findKey, openKey, type DecisionFlags } from '../keys/key-folder.js'
import { consequenceLines, verifyConsequence } from '../plan/consequence.js'
import { botsOf, effectLines, TRIAL_MS, type Effect } from '../plan/describe-plan.js'
import { consentTo, describeConsent } from './consent.js'

export async function listApprovals(context: CliContext): Promise<void> {
  const client = await context.client()
  const approvals = await client.get('/v1/approvals', { state: 'open' })
  context.output.list(
    approvals,
    {
      RUN: ({ run }) => (run === null ? null : `#${run}`),
      STATE: 'state',
      POLICIES: ({ policies }) => policyRefs(policies),
      'SIGNED BY': ({ signedBy }) => signedBy.join(', ') || null,
      'WAITS FOR': ({ missing }) => missing.join(', ') || null,
      DIGEST: 'digest',
    },
    'Nothing waits for signatures.',
  )
  // Rosters are signed by another verb.
  for (const { version, digest, state } of await client.get('/v1/roster/proposals').catch(() => []))
    if (state === 'WAITING') context.output.note(`Roster ${version} waits for signatures: hms-svc roster sign ${digest} --sign NAME`)
  if (approvals.length >= MAX_APPROVALS_LISTED)
    context.output.note(
      `The newest ${MAX_APPROVALS_LISTED} of each state are shown; older ones follow as these are signed, rejected or expire.`,
    )
}

/** Shows one approval to a signer: earlier signers, difference and plan, its effect, and the command that signs it. */
export async function showApproval(context: CliContext, digest: string): Promise<void> {
  requireName(digest, 'the digest of an approval', 'hms-svc approvals list')
  const { output } = context
  const client = await context.client()
  const [approval, prepared] = await Promise.all([
    client.get('/v1/approvals/{digest}', { digest }),
    orMissing(client.get('/v1/approvals/{digest}/prepared', { digest })),
  ])
  if (prepared === undefined) output.data(approval, () => linesOf(approval))
  else {
    if (prepared.digest !== digest) throw usageError(`The service shows ${prepared.digest} for ${digest}`, ['hms-svc approvals list'])
    const { consent, live, policies, rosters } = await consentTo(context, client, prepared)
    const tried = hasEnded(approval) || consent.isRollback ? undefined : await effectOf(client, policies)
    const verified = tried === undefined ? {} : await consequenceIn(tried, documentsOf(policies, live), rosters)
    const consequence = consequenceLines(verified, output.paint)
    output.data({ ...approval, consent, ...verified, ...(tried === undefined ? {} : { effect: tried.effect }) }, () => [
      ...linesOf({ ...approval, authors: [] }),
      ...describeConsent(consent, { reported: prepared, policies, consequence, paint: output.paint }),
      ...(tried === undefined ? [] : effectLines(tried.effect, output.paint)),
      ...commandOf(approval),
    ])
  }
}

/** Verifies the consequence, or says why no trial could start. */
function consequenceIn({ effect, refused }: Tried, documents: TrialDocuments | string, rosters: PinnedRosters | undefined) {
  if (refused !== undefined) return { consequenceNotVerified: `${refused.detail} (${refused.code})` }
  return verifyConsequence(effect.simulation, documents, async () => rosters)
}

/** `refused`: why the trial could not start. */
type Tried = { effect: Effect; refused?: HmsError }

/** Returns the effect that `plan` would show: lint findings, replay result, and the connected bots that read each policy. */
async function effectOf(client: ApiClient, signed: PolicyDocument[]): Promise<Tried> {
  const reads = signed.map(({ id }) => orMissing(client.get('/v1/policies/{id}', { id })))
  const live = (await Promise.all(reads)).flatMap((view) => (view === undefined ? [] : [view.value]))
  const policies = await Promise.all(signed.map(async ({ id }) => ({ id, bots: await botsOf(client, id) })))
  const { findings } = await client.post('/v1/lint', { policies: signed, live })
  // A policy that fails lint is never replayed.
  const known = { findings, simulation: null, policies, holds: [] }
  if (hasErrors(findings)) return { effect: known }
  try {
    const simulation = await client.post('/v1/simulations', { policies: signed, live }, { timeoutMs: TRIAL_MS })
    return { effect: { ...known, simulation } }
  } catch (error) {
    // A caller without the right to try gets another key asked for.
    if (!(error instanceof HmsError) || error.status === 401 || error.status === 403) throw error
    return { effect: known, refused: error }
  }
}

/** Returns the signed policies and the versions in force that this command verified itself, or why it could not. */
function documentsOf(policies: PolicyDocument[], live: ReadonlyMap<string, VerifiedLive>): TrialDocuments | string {
  const unverified = [...live.values()].find((each) => each.kind === 'unverified')
  if (unverified !== undefined) return unverified.why // guard: consequence-live
  return { policies, live: verifiedPolicies(live) }
}

function hasEnded({ state }: ApprovalSummary): boolean {
  return state !== 'PREPARED' && isTerminal(state)
}

function waitsForPeople(approval: ApprovalSummary): boolean {
  return !hasEnded(approval) && approval.missing.length > 0
}

function commandOf(approval: ApprovalSummary): string[] {
  if (!waitsForPeople(approval)) return []
  if (approval.breakGlass !== undefined) return ['Sign it together: hms-svc break-glass FILE --sign NAME --sign NAME --reason TEXT']
  return [`Sign it: hms-svc approve ${approval.digest} --sign NAME`]
}

function linesOf(approval: ApprovalSummary): string[] {
  return [
    `${policyRefs(approval.policies)}  ${approval.state}${approval.run === null ? '' : `, run #${approval.run}`}`,
    `Digest    ${approval.digest}`,
    `Signed by ${approval.signedBy.join(', ') || 'none yet'}`,
    ...(approval.authors.length === 0 ? [] : [`Written by ${approval.authors.join(', ')}`]),
    ...(approval.supersede === true ? ['Supersedes the runs of these policies that are under way'] : []),
    ...approval.reasons.map(({ name, reason }) => `  ${name}: ${reason}`),
    ...(waitsForPeople(approval) ? [`Waits for ${approval.missing.join(', ')} until ${approval.expiresAt}`] : []),
  ]
}

/** Signs a rejection. It is allowed to people who may approve the release and, as a withdrawal, to its author. */
export async function rejectApproval(context: CliContext, digest: string, flags: DecisionFlags): Promise<void> {
  if (flags.reason.trim() === '') throw usageError('Say why with --reason TEXT', ['hms-svc help approvals'])
  requirePublicReason(flags.publicReason, 'approvals reject')
  requireDigest(digest)
  await findKey(context, flags.sign)
  const client = await context.client()
  const signer = await openKey(context, flags)
  const view = await reject(client, digest, flags.reason, signer, { publicReason: flags.publicReason })
  context.output.result(view, [`Rejected by ${signer.name}; run #${view.run} is ${view.state}`])
}

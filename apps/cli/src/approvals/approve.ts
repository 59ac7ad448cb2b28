import {
  planOptions,
  prepareApproval,
  prepareAs,
  readApproval,
  readPolicies,
  signApproval,
  submitApproval,
  type ApiClient,
  type NamedSigner,
} from '#libs/client'
import {
  EXIT,
  exitCodeOfRun,
  isTerminal,
  sentence,
  type ApprovalView,
  type PlanOptions,
  type PreparedApproval,
  type RunState,
} from '#libs/contracts'
import type { CliContext } from '../context.js'
import { expectDigest, requireDigest, shellWords, usageError } from '../errors.js'
import { isPolicyRef } from '../flags.js'
import { findKey, openKey } from '../keys/key-folder.js'
import { watchToEnd } from '../runs/watch.js'
import { signingAs } from '../tokens/as-person.js'
import type { APPROVE, FlagsOf } from '../verbs/options.js'
import { committerOf } from './committed-by.js'
import { overtakenLines, showConsent } from './consent.js'

type ApproveFlags = FlagsOf<typeof APPROVE>

/** Returns the plan options of the flags. The plan is part of the signed release. */
function planOf({ partners, fallback: fallbacks, metric: metrics, ...flags }: ApproveFlags): PlanOptions {
  const named = partners?.split(',').map((name) => name.trim())
  return planOptions({ ...flags, partners: named?.filter((name) => name !== ''), fallbacks, metrics })
}

/** Moves to the files what `--fallback` and `--metric` took though it is no ID@VERSION or NAME=QUERY: both take what follows. */
function separateFallbacks(files: readonly string[], flags: ApproveFlags): { files: string[]; flags: ApproveFlags } {
  const { metric = [] } = flags
  const given = (flags.fallback ?? []).flatMap((value) => value.split(','))
  const fallback = given.filter(isPolicyRef)
  const isMetric = (value: string): boolean => value.includes('=')
  return {
    files: [...files, ...given.filter((value) => !isPolicyRef(value)), ...metric.filter((value) => !isMetric(value))],
    flags: { ...flags, fallback: fallback.length === 0 ? undefined : fallback, metric: flags.metric?.filter(isMetric) },
  }
}

/** Shows what is signed, unlocks the key, which is the consent, and submits the signature. Exit 0, or with --watch that of the run. */
export async function approve(context: CliContext, givenFiles: readonly string[], givenFlags: ApproveFlags): Promise<number> {
  const { output } = context
  const { files, flags } = separateFallbacks(givenFiles, givenFlags)
  if (files.length === 0) throw usageError('Name at least one FILE to approve, or the digest of an approval', ['hms-svc help approve'])
  const prepare = await preparationOf(files, planOf(flags), flags)
  // Checked before the approval is prepared, so a person without a key leaves no approval on the service.
  await findKey(context, flags.sign)
  const client = await context.client()
  // This signer authorizes the preparation only. The consent is unlocking the key again, after the content was shown.
  const asSigner = async (): Promise<ApiClient> => signingAs(context, await openKey(context, flags))
  let caller = client
  const prepared = await prepareAs(client, asSigner, (allowed) => prepare((caller = allowed)))
  await showConsent(context, caller, prepared)
  expectDigest(flags.expectDigest, prepared.digest, [`hms-svc approve ${shellWords(files)} --sign NAME --expect-digest ${prepared.digest}`])
  const signer = await openKey(context, flags)
  const view = await submitApproval(client, prepared, await signApproval(prepared, signer), { reason: flags.reason })
  printAccepted(context, prepared, view, signer)
  if (flags.watch === true && view.run !== null) return watchToEnd(context, caller, view.run, prepared.releases)
  if (output.mode === 'json') output.data(view, () => [])
  return hasEndedNow(prepared, view, signer) ? exitCodeOfRun(view.state as RunState) : EXIT.done
}

/** Whether the signature was accepted and the new run ended at once, because its predecessor is no longer in force. */
function hasEndedNow({ signedBy }: PreparedApproval, { state }: ApprovalView, { name }: NamedSigner): boolean {
  return !signedBy.includes(name) && state !== 'PREPARED' && isTerminal(state) && state !== 'SUCCEEDED'
}

/** Returns a function that fetches the bytes to sign: prepared from the files, or those of the approval with the given digest. */
async function preparationOf(
  files: readonly string[],
  plan: PlanOptions,
  flags: ApproveFlags,
): Promise<(client: ApiClient) => Promise<PreparedApproval>> {
  const digests = files.filter((file) => file.startsWith('sha256:')).map(requireDigest)
  if (digests.length > 0 && files.length > 1)
    throw usageError('Name the files of one bundle, or one digest alone', ['hms-svc help approve'])
  const { author, queue, supersede } = flags
  const [digest] = digests
  if (digest !== undefined) return (client) => readApproval(client, digest, plan, { author, supersede })
  const policies = await readPolicies(files)
  const committedBy = flags.authorFromGit === true ? await committersOf(files, policies) : undefined
  return (client) => prepareApproval(client, policies, plan, { author, committedBy, queue, supersede })
}

async function committersOf(files: readonly string[], policies: readonly { id: string }[]): Promise<Record<string, string>> {
  const names = await Promise.all(files.map(committerOf))
  const unknown = files.filter((_file, index) => names[index] === undefined)
  if (unknown.length > 0) throw usageError(`git does not say who wrote ${unknown.join(', ')}; name them with --author NAME`)
  return Object.fromEntries(policies.map(({ id }, index) => [id, names[index]!]))
}

function printAccepted({ output }: CliContext, prepared: PreparedApproval, view: ApprovalView, signer: NamedSigner): void {
  const signedBefore = prepared.signedBy.includes(signer.name)
  output.success(signedBefore ? `Signed before by ${signer.name}; nothing changes` : 'Signature added')
  if (prepared.authors.includes(signer.name) && view.missing.length > 0)
    output.note(`${signer.name} wrote this: an author does not count as an approver`)
  const run = view.run === null ? 'the run' : `run #${view.run}`
  if (hasEndedNow(prepared, view, signer))
    return output.note(`${sentence(run)} has ended ${view.state}: hms-svc runs show ${view.run} says why. Approve the file again.`)
  for (const line of overtakenLines(view, output.errorPaint)) output.note(line)
  if (view.missing.length > 0) output.success(`${sentence(run)} waits for: ${view.missing.join(', ')}`)
  else if (signedBefore) output.success(`${sentence(run)} is ${view.state}`)
  else output.success(`${prepared.releases.length > 1 ? 'Bundle' : 'Policy'} queued for deployment (${run})`)
}

import { prepareAs, prepareBreakGlass, readPolicies, signApproval, submitBreakGlass, type ApiClient, type NamedSigner } from '#libs/client'
import { EXIT, type ApprovalRequest, type ApprovalView } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { expectDigest, requireReason, shellWords, usageError } from '../errors.js'
import { findKey, openKey } from '../keys/key-folder.js'
import { watchToEnd } from '../runs/watch.js'
import { signingAs } from '../tokens/as-person.js'
import type { BREAK_GLASS, FlagsOf } from '../verbs/options.js'
import { showConsent } from '../approvals/consent.js'

type BreakGlassFlags = FlagsOf<typeof BREAK_GLASS>

/** Shows the content, unlocks each key as consent, and submits all signatures in one request. Exit code 0, or the run's (--watch). */
export async function breakGlass(context: CliContext, files: readonly string[], flags: BreakGlassFlags): Promise<number> {
  if (files.length === 0) throw usageError('Name at least one FILE', ['hms-svc help break-glass'])
  requireReason(flags.reason, 'break-glass')
  const names = [...new Set(flags.sign)]
  if (names.length < 2) throw usageError('Break-glass takes two different people: give --sign twice', ['hms-svc help break-glass'])
  const { passphraseFile = [] } = flags
  if (passphraseFile.length > 1 && passphraseFile.length !== flags.sign.length)
    throw usageError('Give --passphrase-file once, or once for each --sign', ['hms-svc help break-glass'])
  const policies = await readPolicies(files)
  // Checked before the approval is prepared, so a person without a key leaves no approval on the service.
  for (const name of names) await findKey(context, name)
  const client = await context.client()
  const open = (name: string): Promise<NamedSigner> => openFor(context, name, flags)
  const asFirst = async (): Promise<ApiClient> => signingAs(context, await open(names[0]!))
  const { reason, author } = flags
  let caller = client
  const prepared = await prepareAs(client, asFirst, (allowed) => prepareBreakGlass((caller = allowed), policies, { reason, author }))
  await showConsent(context, caller, prepared)
  const again = `hms-svc break-glass ${shellWords(files)} --sign NAME --sign NAME --reason TEXT --expect-digest ${prepared.digest}`
  expectDigest(flags.expectDigest, prepared.digest, [again])
  const signatures: ApprovalRequest['signatures'][] = []
  for (const name of names) signatures.push(await signApproval(prepared, await open(name)))
  const view = await submitBreakGlass(client, prepared, signatures)
  await printAccepted(context, caller, view, names)
  if (flags.watch === true && view.run !== null) return watchToEnd(context, caller, view.run, prepared.releases)
  if (context.output.mode === 'json') context.output.data(view, () => [])
  return EXIT.done
}

/** Unlocks the key of one person. Several passphrase files belong to the `--sign` options in their order; a single one is for all. */
function openFor(context: CliContext, name: string, { sign, passphraseFile = [] }: BreakGlassFlags): Promise<NamedSigner> {
  const own = passphraseFile.length > 1 ? passphraseFile[sign.indexOf(name)] : passphraseFile[0]
  return openKey(context, { sign: name, passphraseFile: own })
}

async function printAccepted({ output }: CliContext, client: ApiClient, { run }: ApprovalView, names: readonly string[]): Promise<void> {
  output.success(`Signed together by ${names.join(' and ')}`)
  if (run === null) return
  output.success(`On its way past simulation and canary (run #${run})`)
  const view = await client.get('/v1/runs/{number}', { number: run }).catch(() => undefined)
  if (view?.breakGlass === undefined) return
  const { ticket, dueAt } = view.breakGlass.review
  output.note(`Another person must review it until ${dueAt}: hms-svc tickets decide ${ticket} --decision accept --reason TEXT --sign NAME`)
  output.note(`Otherwise ${names.join(' and ')} cannot approve until it is reviewed.`)
}

import {
  awaitRollback,
  prepareRollback,
  previewRollback,
  rollBack,
  signRollback,
  withdrawPolicy,
  type ApiClient,
  type NamedSigner,
  type UnverifiedReport,
} from '#libs/client'
import { EXIT, HmsError, type RollbackMove, type RollbackReport } from '#libs/contracts'
import { showConsent } from '../approvals/consent.js'
import type { CliContext } from '../context.js'
import { requirePublicReason, requireReason } from '../errors.js'
import { parsePolicyRef } from '../flags.js'
import { openKey, type DecisionFlags, type SignFlags } from '../keys/key-folder.js'
import { signingAs } from '../tokens/as-person.js'
import { requireReported } from '../roster/require-reported.js'
import type { FlagsOf, ROLLBACK } from '../verbs/options.js'

type RollbackFlags = FlagsOf<typeof ROLLBACK>

/** Error codes of a refused rollback that people may sign as a new release instead. */
const NEEDS_SIGNATURES = ['HMS_ROLLOUT_NOT_PREAPPROVED', 'HMS_ROLLOUT_TARGET_REFUSED']

/** Result of a rollback: `client` is authorized as it was, `from` the version before, `pendingStores` a line per store without the head. */
interface RollbackOutcome {
  client: ApiClient
  report: UnverifiedReport
  from: string | null
  pendingStores?: string[]
}

/** Rolls back and waits for acknowledgements, 10 s by default. If bots stay silent, names them (exit 8); the rollback stays in force. */
export async function rollback(context: CliContext, reference: string, options: RollbackFlags): Promise<number> {
  parsePolicyRef(reference)
  requirePublicReason(options.publicReason, 'rollback')
  const { output } = context
  // Opening a key is the consent, so the affected policies are printed before it.
  const isAnnounced = options.only === true || announceBundle(context, await previewRollback(await context.client(), reference))
  const { client, report: reported, from, pendingStores = [] } = await rollBackOrSign(context, reference, options, isAnnounced)
  const verification = await requireReported(context, client, [reported, ...(reported.moved ?? [])])
  const report = { ...reported, verification }
  const complete = report.silent.length === 0
  const description = describeRollback(report, from)
  const others = (report.moved ?? []).filter(({ id }) => id !== report.id).map((move) => `${describeMove(move)}, with it`)
  if (!complete) output.incomplete(description)
  output.result(report, complete ? [description, ...others] : others)
  for (const store of pendingStores) output.note(store)
  if (!complete) {
    output.note(`Silent: ${report.silent.join(', ')}. The rollback stays in force; these bots are connected but have not acknowledged it.`)
    output.note(`  next: hms-svc coverage ${report.id}`)
  }
  return complete ? EXIT.done : EXIT.stillRunning
}

/** Rolls back to a fallback, which is fastest and needs no further signature; if that is refused, signs a rollback release (`--sign`). */
async function rollBackOrSign(
  context: CliContext,
  reference: string,
  options: RollbackFlags,
  isAnnounced: boolean,
): Promise<RollbackOutcome> {
  if (options.sign === undefined) return rollBackNow(context, reference, options)
  const person = await openKey(context, { ...options, sign: options.sign })
  if (!isAnnounced) announceBundle(context, await previewRollback(await signingAs(context, person), reference))
  try {
    return await rollBackNow(context, reference, options, person)
  } catch (error) {
    if (!(error instanceof HmsError) || !NEEDS_SIGNATURES.includes(error.code)) throw error
    return rollbackSigned(context, reference, { ...options, sign: options.sign }, error.code)
  }
}

async function rollBackNow(context: CliContext, reference: string, flags: RollbackFlags, person?: NamedSigner): Promise<RollbackOutcome> {
  const { only, reason, publicReason } = flags
  const client = person === undefined ? await context.client() : await signingAs(context, person)
  const { report, result } = await rollBack(client, reference, { only, reason, publicReason, waitMs: context.options.timeout })
  return { client, report, from: result.from, pendingStores: describePendingStores(result.stored) }
}

/** Prints which policies will be rolled back together, and how to roll back one alone. Returns whether they are known. */
function announceBundle({ output }: CliContext, moved: readonly RollbackMove[] | undefined): boolean {
  if (moved !== undefined && moved.length > 1)
    output.note(`These policies went live together and are rolled back together: ${moved.map(describeMove).join(', ')}. One alone: --only`)
  return moved !== undefined
}

function describeMove({ id, from, version }: Pick<RollbackMove, 'id' | 'from' | 'version'>): string {
  return `${id} ${from === null ? '' : `${from} → `}${version}`
}

/** Formats `epa-pm25-limit 2.0.0 → 1.5.0 in 0.84 s, 20 of 20 bots acknowledged`. */
function describeRollback(report: RollbackReport, from: string | null): string {
  const connected = report.acknowledged + report.silent.length
  const bots = connected === 0 ? 'no bot connected' : `${report.acknowledged} of ${connected} bots acknowledged`
  return `${describeMove({ ...report, from })} in ${report.seconds.toFixed(2)} s, ${bots}`
}

/** Returns one line for each config-store that could not be reached and will receive the head from the bus. */
function describePendingStores(stored: readonly { url: string; ok: boolean; detail?: string }[]): string[] {
  return stored.filter(({ ok }) => !ok).map(({ url, detail }) => `${url} has not stored it yet${detail === undefined ? '' : `: ${detail}`}`)
}

/** Withdraws a policy. Exit 0 once it is withdrawn, 7 while other people have to sign too. */
export async function withdraw(context: CliContext, id: string, flags: DecisionFlags): Promise<number> {
  const { reason, publicReason } = flags
  requireReason(reason, 'withdraw', publicReason)
  const { output } = context
  const signer = await openKey(context, flags)
  const client = await context.client()
  const result = await withdrawPolicy(client, id, { reason, publicReason, signer })
  const { version, signedBy, missing } = result
  const isDone = result.state === 'WITHDRAWN'
  if (isDone) await requireReported(context, client, [{ id, version: null }])
  if (!isDone)
    output.incomplete(`${result.id}@${version} stays in force: signed by ${signedBy.join(', ')}, still missing: ${missing.join(', ')}`)
  output.result(result, isDone ? [`${id}@${version} is withdrawn; no version of it is in force`] : [])
  for (const store of describePendingStores(result.stored)) output.note(store)
  return isDone ? EXIT.done : EXIT.paused
}

/** Signs a rollback that was refused with `refusalCode`. Throws `HMS_ROLLOUT_NOT_PREAPPROVED` while others have to sign too. */
async function rollbackSigned(
  context: CliContext,
  reference: string,
  flags: RollbackFlags & SignFlags,
  refusalCode: string,
): Promise<RollbackOutcome> {
  const { id, version } = parsePolicyRef(reference)
  const { reason, publicReason } = flags
  const client = await signingAs(context, await openKey(context, flags))
  const rollback = await prepareRollback(client, { policy: id, version, publicReason: publicReason ?? '' })
  const because =
    refusalCode === 'HMS_ROLLOUT_TARGET_REFUSED' ? `Readers would refuse ${version} as it was approved` : `No fallback names ${version}`
  context.output.note(`${because}: a rollback of ${id} alone needs the same signatures as an approval.`)
  await showConsent(context, client, rollback.prepared)
  const signer = await openKey(context, flags)
  const startedAt = performance.now()
  const view = await signRollback(client, rollback, signer, { reason })
  if (view.run === null || view.missing.length > 0) {
    const detail = `${signer.name} signed, and run #${view.run} waits for: ${view.missing.join(', ')}. ${id} is not rolled back yet.`
    throw new HmsError('HMS_ROLLOUT_NOT_PREAPPROVED', detail, {
      status: 403,
      next: [`hms-svc rollback ${reference} --sign NAME`, 'hms-svc approvals list'],
      state: view,
    })
  }
  const report = await awaitRollback(client, view.run, rollback, { startedAt, waitMs: context.options.timeout })
  return { client, report, from: rollback.prepared.releases[0]!.live }
}

import { previewRollback, rollBack, type NamedSigner } from '#libs/client'
import { EXIT, HmsError, type RollbackMove, type RollbackReport } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requirePublicReason } from '../errors.js'
import { keyFolderOf, openKey } from '../keys/key-folder.js'
import { signingAs } from '../tokens/as-person.js'
import { parsePolicyRef } from '../policies/policy-ref.js'
import { describeBehind } from './describe-behind.js'
import type { RollbackOptions } from './rollback-options.js'

/** Refusal codes of a rollback that people may sign as a release of its own. */
const NEEDS_SIGNATURES = ['HMS_ROLLOUT_NOT_PREAPPROVED', 'HMS_ROLLOUT_TARGET_REFUSED']

/** `from`: the version that was live. `behind`: a line for each config-store that was called and does not have the head yet. */
interface Done {
  report: RollbackReport
  from: string | null
  behind: string[]
}

/** Rolls back and waits for acknowledgements, 10 s by default (`--timeout`). Silent bots are named, exit 8; the rollback stands. */
export async function rollback(context: CliContext, reference: string, options: RollbackOptions): Promise<number> {
  parsePolicyRef(reference)
  requirePublicReason(options.publicReason, 'rollback')
  const { output } = context
  // Before a key is opened, which is the consent.
  const isNamed = options.only === true || announceBundle(context, await previewRollback(await context.client(), reference))
  const { report, from, behind } = await goBack(context, reference, options, isNamed)
  const complete = report.silent.length === 0
  const said = describeRollback(report, from)
  if (output.mode === 'json') output.data(report, () => [])
  else if (complete) output.done(said)
  else output.undone(said)
  const others = (report.moved ?? []).filter(({ id }) => id !== report.id)
  if (output.mode !== 'json') for (const move of others) output.done(`${describeMove(move)}, with it`)
  for (const store of behind) output.note(store)
  if (!complete) {
    output.note(`Silent: ${report.silent.join(', ')}. The rollback stands; they are connected and have not acknowledged it.`)
    output.note(`  next: hms-svc coverage ${report.id}`)
  }
  return complete ? EXIT.done : EXIT.stillRunning
}

/** Rolls back through a fallback if allowed, because that is quickest, and one signature is enough; otherwise by a signed release. */
async function goBack(context: CliContext, reference: string, options: RollbackOptions, isNamed: boolean): Promise<Done> {
  if (options.sign === undefined) return atOnce(context, reference, options)
  const person = await openKey(context, keyFolderOf(context), options.sign, options)
  if (!isNamed) announceBundle(context, await previewRollback(await signingAs(context, person), reference))
  try {
    return await atOnce(context, reference, options, person)
  } catch (error) {
    if (!(error instanceof HmsError) || !NEEDS_SIGNATURES.includes(error.code)) throw error
    const { rollbackSigned } = await import('./rollback-signed.js')
    return { ...(await rollbackSigned(context, reference, options, error.code)), behind: [] }
  }
}

async function atOnce(
  context: CliContext,
  reference: string,
  { only, reason, publicReason }: RollbackOptions,
  person?: NamedSigner,
): Promise<Done> {
  const client = person === undefined ? await context.client() : await signingAs(context, person)
  const { report, result } = await rollBack(client, reference, { only, reason, publicReason, waitMs: await context.timeoutMs() })
  return { report, from: result.from, behind: describeBehind(result.stored) }
}

/** Prints all policies that will move, and how to move one alone, before anything changes. Returns whether they are known. */
function announceBundle({ output }: CliContext, moved: readonly RollbackMove[] | undefined): boolean {
  if (moved !== undefined && moved.length > 1)
    output.note(`These went live together, and go back together: ${moved.map(describeMove).join(', ')}. One alone: --only`)
  return moved !== undefined
}

function describeMove({ id, from, version }: RollbackMove): string {
  return `${id} ${from === null ? '' : `${from} → `}${version}`
}

/** Formats `epa-pm25-limit 2.0.0 → 1.5.0 in 0.84 s, 20 of 20 bots acknowledged`. */
export function describeRollback(report: RollbackReport, from: string | null): string {
  const connected = report.acknowledged + report.silent.length
  const bots = connected === 0 ? 'no bot connected' : `${report.acknowledged} of ${connected} bots acknowledged`
  return `${report.id} ${from === null ? '' : `${from} → `}${report.version} in ${report.seconds.toFixed(2)} s, ${bots}`
}

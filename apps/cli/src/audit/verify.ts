import { EXIT, type RunView } from '#libs/contracts'
import { SignatureError } from '#libs/signing'
import type { CliContext } from '../context.js'
import { logPolicyOf, pinnedRoster } from './pinned-roster.js'
import { recomputeLog } from './recompute-log.js'
import { SeenCheckpoint } from './seen-checkpoint.js'

/** A run in one of these has published something. */
const PUBLISHED = new Set(['BAKING', 'NOTIFYING', 'SUCCEEDED'])

/** Checks the whole log from outside, with the pinned roster alone. */
export async function verifyAudit(context: CliContext): Promise<number> {
  const { roster } = await pinnedRoster(context)
  const policy = logPolicyOf(roster)
  const client = await context.client()
  const runs = await client.get<RunView[]>('/v1/runs')
  const { checkpoint, note, tree, approvedRuns } = await recomputeLog(client, policy)
  const memory = new SeenCheckpoint(context.io.environment.dataDir, policy.log.name)
  const before = await memory.continuedBy(tree)
  const published = runs.filter(({ state }) => PUBLISHED.has(state))
  const silent = published.find(({ run }) => !approvedRuns.has(run))
  if (silent !== undefined) throw new SignatureError('HMS_PROOF_INVALID', `run #${silent.run} was published, and its approval is not in the log`)
  await memory.keep(note)
  const { origin, size, root, witnessedAt } = checkpoint
  const seenAt = witnessedAt === undefined ? null : new Date(witnessedAt * 1_000).toISOString()
  context.output.data({ origin, size, root: root.toString('base64'), witnessedAt: seenAt, continues: before?.size ?? null, runs: published.length }, () => [
    `${context.output.paint.good('✓')} ${origin}: ${size} entries, and the root that the log signed${seenAt === null ? '' : `, seen by its witnesses at ${seenAt}`}`,
    `${context.output.paint.good('✓')} ${before === undefined ? 'nothing was verified here before' : `it continues the ${before.size} entries that were verified here before`}`,
    `${context.output.paint.good('✓')} the approval of each of ${published.length} published runs is in it`,
  ])
  return EXIT.done
}

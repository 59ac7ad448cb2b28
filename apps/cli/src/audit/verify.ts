import { setTimeout } from 'node:timers/promises'
import { systemClock, type ApiClient } from '#libs/client'
import { HmsError, toBase64, type AuditProof } from '#libs/contracts'
import type { Roster } from '#libs/signing'
import type { CliContext } from '../context.js'
import { problemOf } from '../errors.js'
import { Problems } from '../output/problems.js'
import { logPoliciesOf, newestRoster, newestRostersHere } from '../roster/rosters-here.js'
import { readRuns } from '../runs/read-runs.js'
import { checkLive, checkRuns, type LiveSources } from './check-published.js'
import { LoggedHeads, readServed } from './served-heads.js'
import { recomputeLog, SeenCheckpoint } from './recompute-log.js'

/** Maximum wait in ms for a matching freshness statement: it arrives apart from the heads, and a starting store has none for seconds. */
const WAIT_MS = 12_000
const PAUSE_MS = 500
/** Maximum wait in ms for a logged head to be served: an instance of config-store catches up with the others within seconds. */
const BEHIND_WAIT_MS = 3_000

/** Verifies the whole log by the pinned roster and its successors alone, whatever the services say. Reports all problems at once. */
export async function verifyAudit(context: CliContext): Promise<void> {
  const roster = await newestRoster(context)
  const [policy] = logPoliciesOf(roster)
  const client = await context.client()
  const problems = new Problems()
  // Read before the log, so that the log contains the approvals of all these runs.
  const { runs } = await readRuns(client, {}, Infinity)
  const freshnessCheck = { roster, nowMs: () => context.io.now(), pause: pauseWithin(WAIT_MS) }
  const { documents, doubt } = await readServed(client, freshnessCheck)
  const heads = new LoggedHeads(client, await rostersOf(context, client, roster), problems)
  const { checkpoint, note, tree, ...content } = await recomputeLog(client, policy, problems, (first, entries) =>
    heads.addEntries(first, entries),
  )
  const versions = new Map([...content.approved.values()].flat().map(({ digest, version }) => [digest, version]))
  const isBehind = await heads.checkServed(documents, { versions, doubt, pause: pauseWithin(BEHIND_WAIT_MS) })
  if (doubt !== undefined && !(isBehind && doubt.code === 'HMS_FRESHNESS_MIXED'))
    problems.add('the stable heads', `${doubt.detail} (${doubt.code})`)
  const memory = new SeenCheckpoint(context.io.environment.dataDir, roster.installation, policy.log.name)
  const before = await problems.check('the log', () => memory.checkpointExtending(tree))
  const published = checkRuns(runs, content, problems)
  const sources: LiveSources = {
    roster,
    proofOf: (digest) => proofOf(client, digest),
    attestationsOf: (run) => client.get('/v1/audit/attestations', { run }),
  }
  const { releases: live, breakGlass } = await checkLive(documents, content, sources, problems)
  problems.raise()
  await memory.keep(note).catch((error) => context.output.note(`The next verification here cannot compare: ${problemOf(error).detail}`))
  const { origin, size, root, witnessedAt } = checkpoint
  const seenAt = witnessedAt === undefined ? null : new Date(witnessedAt * 1_000).toISOString()
  const continued =
    before === undefined ? 'nothing was verified here before' : `it continues the ${before.size} entries that were verified here before`
  const { good } = context.output.paint
  const seen = seenAt === null ? '' : `, seen by its witnesses at ${seenAt}`
  const facts = {
    origin,
    size,
    root: toBase64(root),
    witnessedAt: seenAt,
    continues: before?.size ?? null,
    runs: published,
    live,
    breakGlass,
  }
  context.output.data(facts, () => [
    `${good('✓')} ${origin}: ${size} entries, and the root that the log signed${seen}`,
    `${good('✓')} ${continued}`,
    `${good('✓')} the approval of each of ${published} published runs is in it`,
    `${good('✓')} each of ${live} releases in force was approved by the roster's people and let through by each stage, ` +
      'and the log proves it',
    `${good('✓')} they match rollout’s newest freshness statement and the newest heads in the log`,
    ...breakGlass.map((each) => `! by break-glass, past simulation and canary: ${each}`),
  ])
}

/** Returns a function that waits `PAUSE_MS`. It resolves to `false` without waiting once `waitMs` have passed since its first call. */
function pauseWithin(waitMs: number): () => Promise<boolean> {
  let until: number | undefined
  return async () => {
    until ??= systemClock.elapsed() + waitMs
    if (systemClock.elapsed() >= until) return false
    await setTimeout(PAUSE_MS)
    return true
  }
}

/** Returns the rosters whose keys may have signed events of the log, the newest last. */
async function rostersOf(context: CliContext, client: ApiClient, newest: Roster): Promise<Roster[]> {
  const rosters = await newestRostersHere(context, client)
  const earlier = ((await rosters?.allEver()) ?? []).filter(({ version }) => version < newest.version)
  return [...earlier.toReversed(), newest]
}

/** Fetches the log's proof of a release; `undefined` if the log has none. */
async function proofOf(client: ApiClient, digest: string): Promise<AuditProof | undefined> {
  try {
    return await client.get('/v1/audit/proofs/{digest}', { digest })
  } catch (error) {
    if (error instanceof HmsError && (error.code === 'HMS_AUDIT_PROOF_UNKNOWN' || error.code === 'HMS_AUDIT_NOT_PUBLISHED'))
      return undefined
    throw error
  }
}

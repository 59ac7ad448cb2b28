import { ANSWER_MS, decide } from '#libs/client'
import { MAX_RUNS_LISTED, type RunDecisionName, type RunState } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requirePublicReason, requireReason } from '../errors.js'
import { numberFlag, durationFlag, parseRunNumber } from '../flags.js'
import { openKey, type DecisionFlags } from '../keys/key-folder.js'
import { renderRun } from '../output/render-run.js'
import { readRuns, type RunsQuery } from './read-runs.js'

interface ListOptions {
  open?: boolean
  state?: RunState
  before?: string
  limit?: string
}

const MAX_LIMIT = 1_000

export async function listRuns(context: CliContext, options: ListOptions): Promise<void> {
  const limit = numberFlag('--limit', options.limit, { least: 1, most: MAX_LIMIT, verb: 'runs list' }) ?? MAX_RUNS_LISTED
  const query: RunsQuery = {
    ...(options.open === true ? { open: 'yes' } : {}),
    ...(options.state === undefined ? {} : { state: options.state }),
    ...(options.before === undefined ? {} : { before: parseRunNumber(options.before) }),
  }
  const { runs, more } = await readRuns(await context.client(), query, limit)
  context.output.list(
    runs,
    {
      RUN: (run) => `#${run.run}`,
      STATE: 'state',
      REASON: (run) => run.reason ?? '',
      STARTED: 'createdAt',
      POLICIES: (run) => run.policies.map((policy) => `${policy.id}@${policy.version}`).join(', '),
    },
    Object.keys(query).length > 0 ? 'No matching runs.' : 'No runs yet. Start one: hms-svc approve FILE --sign NAME',
  )
  if (more) context.output.note(`The newest ${limit} are shown. Older ones: the same command with --before ${runs.at(-1)!.run}`)
}

export async function showRun(context: CliContext, text: string): Promise<void> {
  const number = parseRunNumber(text)
  const client = await context.client()
  const view = await client.get('/v1/runs/{number}', { number })
  context.output.data(view, () => renderRun(view, context.output.paint))
}

interface DecideFlags extends DecisionFlags {
  by?: string
}

/** Returns the code of the verb of one decision. */
export function deciding(decision: RunDecisionName) {
  return (context: CliContext, number: string, flags: DecideFlags): Promise<void> => decideOnRun(context, decision, number, flags)
}

/**
 * Signs a person's decision and waits, 30 s by default (`--timeout`), until the stage that owns the run has applied it. Too late: exit 5.
 */
async function decideOnRun(context: CliContext, decision: RunDecisionName, text: string, flags: DecideFlags): Promise<void> {
  const run = parseRunNumber(text)
  requireReason(flags.reason, `runs ${decision}`)
  requirePublicReason(flags.publicReason, `runs ${decision}`)
  const client = await context.client()
  const signer = await openKey(context, flags)
  const view = await decide(client, run, decision, {
    reason: flags.reason,
    publicReason: flags.publicReason,
    byMs: durationFlag('--by', flags.by),
    signer,
    waitMs: context.timeoutMs() ?? ANSWER_MS,
  })
  if (context.output.mode !== 'quiet') context.output.data(view, () => renderRun(view, context.output.paint))
}

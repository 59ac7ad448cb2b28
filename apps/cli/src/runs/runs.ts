import { ANSWER_MS, decide } from '#libs/client'
import { policyRefs, MAX_RUNS_LISTED, type RunDecisionName } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requireReason } from '../errors.js'
import { numberFlag, durationFlag, parseRunNumber } from '../flags.js'
import { openKey, type DecisionFlags } from '../keys/key-folder.js'
import { renderRun } from '../output/render-run.js'
import type { FlagsOf, RUNS } from '../verbs/options.js'
import { readRuns, type RunsQuery } from './read-runs.js'
import { noteReported } from './watch.js'

const MAX_LIMIT = 1_000

export async function listRuns(context: CliContext, options: FlagsOf<typeof RUNS>): Promise<void> {
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
      POLICIES: ({ policies }) => policyRefs(policies),
    },
    Object.keys(query).length > 0 ? 'No matching runs.' : 'No runs yet. Start one: hms-svc approve FILE --sign NAME',
  )
  if (more) context.output.note(`The newest ${limit} are shown. Older ones: the same command with --before ${runs.at(-1)!.run}`)
}

export async function showRun(context: CliContext, text: string): Promise<void> {
  const view = await context.get('/v1/runs/{number}', { number: parseRunNumber(text) })
  context.output.data(view, () => renderRun(view, context.output.paint))
  noteReported(context, view)
}

/** Returns the function that signs a decision and waits, 30 s by default, until the stage applied it. Exit 5 if it was late. */
export const deciding =
  (decision: RunDecisionName) => async (context: CliContext, text: string, flags: DecisionFlags & { by?: string }) => {
    const run = parseRunNumber(text)
    requireReason(flags.reason, `runs ${decision}`, flags.publicReason)
    const client = await context.client()
    const signer = await openKey(context, flags)
    const view = await decide(client, run, decision, {
      reason: flags.reason,
      publicReason: flags.publicReason,
      byMs: durationFlag('--by', flags.by),
      signer,
      waitMs: context.options.timeout ?? ANSWER_MS,
    })
    if (context.output.mode !== 'quiet') context.output.data(view, () => renderRun(view, context.output.paint))
  }

import { EXIT, MAX_RUNS_LISTED, type RunState } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { numberFlag } from '../number-flag.js'
import { readRuns, type RunsQuery } from './read-runs.js'
import { parseRunNumber } from './run-number.js'

export interface ListOptions {
  open?: boolean
  state?: RunState
  before?: string
  limit?: string
}

const MAX_LIMIT = 1_000

export async function listRuns(context: CliContext, options: ListOptions): Promise<number> {
  const limit = numberFlag('--limit', options.limit, { least: 1, most: MAX_LIMIT, verb: 'runs list' }) ?? MAX_RUNS_LISTED
  const query: RunsQuery = {
    ...(options.open === true ? { open: 'yes' } : {}),
    ...(options.state === undefined ? {} : { state: options.state }),
    ...(options.before === undefined ? {} : { before: parseRunNumber(options.before) }),
  }
  const { runs, more } = await readRuns(await context.client(), query, limit)
  context.output.list(
    runs,
    [
      { heading: 'RUN', cell: (run) => `#${run.run}` },
      { heading: 'STATE', cell: (run) => run.state },
      { heading: 'REASON', cell: (run) => run.reason ?? '' },
      { heading: 'STARTED', cell: (run) => run.createdAt },
      { heading: 'POLICIES', cell: (run) => run.policies.map((policy) => `${policy.id}@${policy.version}`).join(', ') },
    ],
    Object.keys(query).length > 0 ? 'No matching runs.' : 'No runs yet. Start one: hms-svc approve FILE --sign NAME',
  )
  if (more) context.output.note(`The newest ${limit} are shown. Older ones: the same command with --before ${runs.at(-1)!.run}`)
  return EXIT.done
}

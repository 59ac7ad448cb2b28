import { EXIT, type RunView } from '#libs/contracts'
import type { CliContext } from '../context.js'

export async function listRuns(context: CliContext): Promise<number> {
  const client = await context.client()
  const runs = await client.get<RunView[]>('/v1/runs')
  context.output.list(
    runs,
    [
      { heading: 'RUN', cell: (run) => `#${run.run}` },
      { heading: 'STATE', cell: (run) => run.state },
      { heading: 'REASON', cell: (run) => run.reason ?? '' },
      { heading: 'STARTED', cell: (run) => run.createdAt },
      { heading: 'POLICIES', cell: (run) => run.policies.map((policy) => `${policy.id}@${policy.version}`).join(', ') },
    ],
    'No runs yet. Start one: hms-svc approve FILE --sign NAME',
  )
  return EXIT.done
}

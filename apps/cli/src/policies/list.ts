import { EXIT, type LocalPolicyView, type PolicyView } from '#libs/contracts'
import type { CliContext } from '../context.js'

export interface ListOptions {
  region?: string
  bot?: string
}

export async function listPolicies(context: CliContext, { region, bot }: ListOptions): Promise<number> {
  const client = await context.client()
  // Policies of a side-car have no origin.
  const policies = await client.get<(PolicyView | LocalPolicyView)[]>('/v1/policies', { region, bot })
  context.output.list(
    policies,
    [
      { heading: 'POLICY', cell: ({ id }) => id },
      { heading: 'VERSION', cell: ({ version }) => version },
      { heading: 'IN FORCE SINCE', cell: (view) => ('since' in view ? view.since : null) },
      { heading: 'SCOPE', cell: ({ scope }) => scope },
      { heading: 'RUN', cell: (view) => ('provenance' in view ? view.provenance.run : null) },
      { heading: 'APPROVED BY', cell: (view) => ('provenance' in view ? view.provenance.approvedBy.join(', ') : null) },
    ],
    'No policy is in force.',
  )
  return EXIT.done
}

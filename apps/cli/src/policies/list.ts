import { EXIT } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { isRefused, readPresentPolicies, requireVerified, warnOf, type RefusedPolicy, type ShownPolicy } from './read-present.js'

export interface ListOptions {
  region?: string
  bot?: string
}

/**
 * Shows the policies in force, each verified as `get` verifies one. A policy that does not verify is marked, and the exit code is 10.
 * Without a roster the service's data is shown, with a warning.
 */
export async function listPolicies(context: CliContext, { region, bot }: ListOptions): Promise<number> {
  const policies = await readPresentPolicies(context, { region, bot })
  context.output.list(
    policies,
    [
      { heading: 'POLICY', cell: ({ id }) => id },
      { heading: 'VERSION', cell: ({ version }) => version ?? '✗' },
      { heading: 'IN FORCE SINCE', cell: (policy) => verified(policy)?.since ?? null },
      { heading: 'SCOPE', cell: (policy) => verified(policy)?.scope ?? null },
      // Policies of a side-car have no origin.
      { heading: 'RUN', cell: (policy) => verified(policy)?.provenance?.run ?? null },
      { heading: 'APPROVED BY', cell: (policy) => verified(policy)?.provenance?.approvedBy.join(', ') ?? null },
    ],
    'No policy is in force.',
    (policy) => (isRefused(policy) ? 'bad' : undefined),
  )
  warnOf(context, policies)
  requireVerified(policies)
  return EXIT.done
}

function verified(policy: ShownPolicy | RefusedPolicy): ShownPolicy | undefined {
  return isRefused(policy) ? undefined : policy
}

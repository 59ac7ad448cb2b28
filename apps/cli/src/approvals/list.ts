import type { ApiClient } from '#libs/client'
import { EXIT, MAX_APPROVALS_LISTED, type ApprovalSummary } from '#libs/contracts'
import type { CliContext } from '../context.js'

export async function listApprovals(context: CliContext): Promise<number> {
  const client = await context.client()
  const approvals = await client.get('/v1/approvals', { state: 'open' })
  context.output.list(
    approvals,
    [
      { heading: 'RUN', cell: (approval) => (approval.run === null ? null : `#${approval.run}`) },
      { heading: 'STATE', cell: (approval) => approval.state },
      { heading: 'POLICIES', cell: (approval) => policiesOf(approval) },
      { heading: 'SIGNED BY', cell: (approval) => approval.signedBy.join(', ') || null },
      { heading: 'WAITS FOR', cell: (approval) => approval.missing.join(', ') || null },
      { heading: 'DIGEST', cell: (approval) => approval.digest },
    ],
    'Nothing waits for signatures.',
  )
  await noteRosters(context, client)
  if (approvals.length >= MAX_APPROVALS_LISTED)
    context.output.note(
      `The newest ${MAX_APPROVALS_LISTED} of each state are shown; older ones follow as these are signed, rejected or expire.`,
    )
  return EXIT.done
}

/** Mentions waiting rosters, which are signed by another verb. */
async function noteRosters({ output }: CliContext, client: ApiClient): Promise<void> {
  const proposals = await client.get('/v1/roster/proposals').catch(() => [])
  for (const { version, digest, state } of proposals)
    if (state === 'WAITING') output.note(`Roster ${version} waits for signatures: hms-svc roster sign ${digest} --sign NAME`)
}

export function policiesOf(approval: Pick<ApprovalSummary, 'policies'>): string {
  return approval.policies.map((policy) => `${policy.id}@${policy.version}`).join(', ')
}

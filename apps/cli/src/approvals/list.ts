import { EXIT, type ApprovalSummary } from '#libs/contracts'
import type { CliContext } from '../context.js'

export async function listApprovals(context: CliContext): Promise<number> {
  const client = await context.client()
  context.output.list(
    await client.get<ApprovalSummary[]>('/v1/approvals'),
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
  return EXIT.done
}

export function policiesOf(approval: Pick<ApprovalSummary, 'policies'>): string {
  return approval.policies.map((policy) => `${policy.id}@${policy.version}`).join(', ')
}

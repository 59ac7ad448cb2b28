import { EXIT, type ApprovalSummary } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { policiesOf } from './list.js'

export async function showApproval(context: CliContext, digest: string): Promise<number> {
  const client = await context.client()
  const approval = await client.get<ApprovalSummary>(`/v1/approvals/${encodeURIComponent(digest)}`)
  context.output.data(approval, () => linesOf(approval))
  return EXIT.done
}

function linesOf(approval: ApprovalSummary): string[] {
  return [
    `${policiesOf(approval)}  ${approval.state}${approval.run === null ? '' : `, run #${approval.run}`}`,
    `Digest    ${approval.digest}`,
    `Signed by ${approval.signedBy.join(', ') || 'nobody yet'}`,
    ...(approval.missing.length === 0 ? [] : [`Waits for ${approval.missing.join(', ')} until ${approval.expiresAt}`]),
  ]
}

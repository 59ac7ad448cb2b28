import { EXIT, isTerminal, type ApprovalSummary } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { requireName } from '../errors.js'
import { policiesOf } from './list.js'

export async function showApproval(context: CliContext, digest: string): Promise<number> {
  requireName(digest, 'the digest of an approval', 'hms-svc approvals list')
  const client = await context.client()
  const approval = await client.get<ApprovalSummary>(`/v1/approvals/${encodeURIComponent(digest)}`)
  context.output.data(approval, () => linesOf(approval))
  return EXIT.done
}

function linesOf(approval: ApprovalSummary): string[] {
  const hasEnded = approval.state !== 'PREPARED' && isTerminal(approval.state)
  return [
    `${policiesOf(approval)}  ${approval.state}${approval.run === null ? '' : `, run #${approval.run}`}`,
    `Digest    ${approval.digest}`,
    `Signed by ${approval.signedBy.join(', ') || 'nobody yet'}`,
    ...(approval.authors.length === 0 ? [] : [`Written by ${approval.authors.join(', ')}`]),
    ...(approval.supersede === true ? ['Supersedes the runs of these policies that are under way'] : []),
    ...approval.reasons.map(({ name, reason }) => `  ${name}: ${reason}`),
    ...(hasEnded || approval.missing.length === 0 ? [] : [`Waits for ${approval.missing.join(', ')} until ${approval.expiresAt}`]),
  ]
}

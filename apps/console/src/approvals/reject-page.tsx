import { policyRefs, type PreparedApproval } from '#libs/contracts'
import { isDigest, writeDecision } from '#libs/signing'
import { absentPage } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { predicatesOf, readPeople, whoMayNotSign } from '../signing/people.js'
import { statementPage, wrongChoice } from '../signing/statement-page.js'
import { valueOf } from '../reading/answer.js'
import { isOpen, stateBeside } from './approvals-page.js'
import { textIn } from '../forms/query.js'

export async function rejectPage(request: PageRequest): Promise<PageContent> {
  const { read, params, query, now } = request
  const digest = params['digest'] ?? ''
  const reason = textIn(query, 'reason', 1_000)
  const publicReason = textIn(query, 'public-reason', 1_000) || undefined
  const back = `/approvals/${encodeURIComponent(digest)}`
  const place = placeIn('Approvals', 'Reject an approval', { href: back, text: 'Approval' })
  if (!isDigest(digest) || reason === '') return wrongChoice({ ...place, detail: 'A rejection needs a reason.', back })
  const [answer, people] = await Promise.all([
    read<PreparedApproval>(`/v1/approvals/${encodeURIComponent(digest)}/prepared`),
    readPeople(read),
  ])
  if (answer.kind !== 'loaded') return absentPage({ ...place, summary: 'The approval cannot be shown.' }, answer, 'approval')
  if (!isOpen(answer.value, now))
    return wrongChoice({ ...place, detail: 'The approval no longer waits for signatures, so there is nothing to reject.', back })
  const roster = valueOf(people)?.roster
  const name = policyRefs(answer.value.releases)
  return statementPage(request, {
    ...place,
    ...stateBeside(digest, answer.value),
    title: `Reject ${name}`,
    summary: `Ends the approval of ${name}: its run is aborted. Reason: “${reason}”`,
    statement: writeDecision({ subject: digest, decision: 'reject', reason, publicReason, at: now }),
    act: {
      path: `/v1/approvals/${digest}/decisions`,
      ...(roster === undefined ? {} : { mayNot: whoMayNotSign(roster, predicatesOf(answer.value), 'ender') }),
    },
    verb: 'Sign the rejection',
    command: `hms-svc approvals reject ${digest} --reason TEXT --sign NAME`,
  })
}

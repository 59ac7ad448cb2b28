import type { ReceiptView } from '#libs/contracts'
import type { JSX } from 'preact'
import { absentPage, Alert } from '../layout/absent.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { Facts, Moment } from '../layout/parts.js'
import { BundleLinks } from '../partners/delivery-rows.js'
import { Submit } from '../forms/fields.js'

/** Page behind the link in a mail. Scanners open links before people do, so only the button acknowledges. */
export async function receiptPage({ read, params: { token = '' }, query }: PageRequest): Promise<PageContent> {
  // Read again after the button was pressed.
  const answer = await read<ReceiptView>(`/v1/receipts/${encodeURIComponent(token)}${query.has('pressed') ? '?pressed' : ''}`)
  const place = { title: 'Receipt', heading: 'Receipt of a message', section: 'Partners' as const }
  if (answer.kind !== 'loaded') return absentPage({ ...place, summary: 'This receipt cannot be shown.' }, answer, 'receipt')
  return { ...place, summary: summaryOf(answer.value), body: <Receipt receipt={answer.value} token={token} /> }
}

function summaryOf({ partner, acknowledgedAt }: ReceiptView): string {
  return acknowledgedAt === null ? `${partner} has not acknowledged this message yet.` : `${partner} acknowledged this message.`
}

function Receipt({ receipt, token }: { receipt: ReceiptView; token: string }): JSX.Element {
  const { bundle, acknowledgedAt, signed, messageId } = receipt
  return (
    <>
      <Facts
        plain
        facts={[
          [bundle.length > 1 ? 'Policies' : 'Policy', <BundleLinks bundle={bundle} />],
          ['Message', messageId],
          ['Acknowledged', acknowledgedAt === null ? 'not yet' : <Moment at={acknowledgedAt} exact />],
        ]}
      />
      {acknowledgedAt === null && !signed ? (
        <form method="post" action={`/receipts/${encodeURIComponent(token)}`}>
          <p>By pressing the button you say that your organisation has taken up this message.</p>
          <Submit>Acknowledge</Submit>
        </form>
      ) : null}
      {acknowledgedAt === null && signed ? (
        <Alert kind="info" title="A program acknowledges this message">
          <p>It came by a channel with a secret, so only a call that is signed with that secret counts.</p>
        </Alert>
      ) : null}
    </>
  )
}

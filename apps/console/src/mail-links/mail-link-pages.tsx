import type { ReceiptView, UnsubscribeView } from '#libs/contracts'
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
  const { partner, acknowledgedAt } = answer.value
  const summary = `${partner} ${acknowledgedAt === null ? 'has not acknowledged this message yet' : 'acknowledged this message'}.`
  return { ...place, summary, body: <Receipt receipt={answer.value} token={token} /> }
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

/** Page behind the link of a mail. Opening it changes nothing: only the button, or a mail program by RFC 8058, unsubscribes. */
export async function unsubscribePage({ read, params: { token = '' }, query }: PageRequest): Promise<PageContent> {
  // Read again after the button was pressed.
  const answer = await read<UnsubscribeView>(`/v1/unsubscribes/${encodeURIComponent(token)}${query.has('pressed') ? '?pressed' : ''}`)
  const place = { title: 'Unsubscribe', heading: 'Mail about policies', section: 'Partners' as const }
  if (answer.kind !== 'loaded') return absentPage({ ...place, summary: 'This link cannot be shown.' }, answer, 'address')
  const summary = `${answer.value.address} ${answer.value.unsubscribedAt === null ? 'gets' : 'no longer gets'} mail about policies.`
  return { ...place, summary, body: <Choice view={answer.value} token={token} /> }
}

function Choice({ view: { partner, address, unsubscribedAt }, token }: { view: UnsubscribeView; token: string }): JSX.Element {
  return (
    <>
      <Facts
        plain
        facts={[
          ['Partner', partner],
          ['Address', address],
          ['Unsubscribed', unsubscribedAt === null ? 'no' : <Moment at={unsubscribedAt} />],
        ]}
      />
      {unsubscribedAt === null ? (
        <form method="post" action={`/unsubscribe/${encodeURIComponent(token)}`}>
          <p>
            Mail about policies to this address stops. Your organisation is bound by them all the same, and the agency will ask how else to
            tell it.
          </p>
          <button class="usa-button" type="submit" name="page" value="yes">
            Unsubscribe this address
          </button>
        </form>
      ) : (
        <p>Only the agency can undo this: ask it to resubscribe the address.</p>
      )}
    </>
  )
}

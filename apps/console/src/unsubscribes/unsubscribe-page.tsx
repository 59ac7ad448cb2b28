import type { UnsubscribeView } from '#libs/contracts'
import type { JSX } from 'preact'
import { absentPage } from '../layout/absent.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { Facts, Moment } from '../layout/parts.js'

/** Page behind the link of a mail. Opening it changes nothing: only the button, or a mail program by RFC 8058, unsubscribes. */
export async function unsubscribePage({ read, params: { token = '' }, query }: PageRequest): Promise<PageContent> {
  // Read again after the button was pressed.
  const answer = await read<UnsubscribeView>(`/v1/unsubscribes/${encodeURIComponent(token)}${query.has('pressed') ? '?pressed' : ''}`)
  const place = { title: 'Unsubscribe', heading: 'Mail about policies', section: 'Partners' as const }
  if (answer.kind !== 'loaded') return absentPage({ ...place, summary: 'This link cannot be shown.' }, answer, 'address')
  return { ...place, summary: summaryOf(answer.value), body: <Choice view={answer.value} token={token} /> }
}

function summaryOf({ address, unsubscribedAt }: UnsubscribeView): string {
  return unsubscribedAt === null ? `${address} gets mail about policies.` : `${address} gets no more mail about policies.`
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

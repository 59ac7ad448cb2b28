import { NO_RUN, type DeliveryView } from '#libs/contracts'
import { Fragment, type JSX } from 'preact'
import { LoadedPart, None } from '../layout/absent.js'
import { count, Moment, PolicyLink, RunLink, Table } from '../layout/parts.js'
import { Tag } from '../layout/state-words.js'
import type { Answer } from '../reading/answer.js'

/** Section with the messages of a run to partners, over the whole width: half a page would cut off the last columns. */
export function PartnersNotified({ answer }: { answer: Answer<DeliveryView[]> }): JSX.Element {
  return (
    <LoadedPart id="partners" title="Partners notified" answer={answer} what="deliveries of this run">
      {(sent) => (sent.length === 0 ? <None>This run has notified no partner.</None> : <DeliveryRows deliveries={sent} />)}
    </LoadedPart>
  )
}

/** Table of deliveries. A server accepts the message and the partner acknowledges it, so these times have two columns. */
export function DeliveryRows({ deliveries }: { deliveries: readonly DeliveryView[] }): JSX.Element {
  return (
    <Table
      caption={count(deliveries.length, 'delivery', 'deliveries')}
      head={['Delivery', 'State', 'Policy', 'Run', 'Delivered', 'Acknowledged', 'Tries', 'Last answer']}
      rows={deliveries.map((delivery) => [
        <a href={`/deliveries/${encodeURIComponent(delivery.id)}`}>
          {delivery.partner} by {delivery.channel}
        </a>,
        <DeliveryTag delivery={delivery} />,
        [
          <BundleLinks bundle={[`${delivery.policy}@${delivery.version}`]} />,
          delivery.bundle.length > 1 ? ` and ${delivery.bundle.length - 1} more` : '',
        ],
        delivery.run === NO_RUN ? '–' : <RunLink run={delivery.run} />,
        <Moment at={delivery.deliveredAt} />,
        <Acknowledged delivery={delivery} />,
        delivery.attempts,
        lastAnswer(delivery),
      ])}
    />
  )
}

export function lastAnswer({ lastDetail, lastStatus }: DeliveryView): string {
  return lastDetail ?? (lastStatus === null ? '–' : String(lastStatus))
}

export function DeliveryTag({ delivery: { state, nextAttemptAt } }: { delivery: DeliveryView }): JSX.Element {
  switch (state) {
    case 'delivered':
      return <Tag text="Delivered" tone="good" />
    case 'pending':
      return <Tag text={nextAttemptAt === null ? 'Waits for its turn' : 'Waits for its next try'} tone="warn" />
    case 'dead':
      return <Tag text="Given up" tone="bad" />
    case 'superseded':
      return <Tag text="Superseded" tone="warn" />
  }
}

export function Acknowledged({ delivery: { acknowledgedAt, acknowledgedBy } }: { delivery: DeliveryView }): JSX.Element {
  if (acknowledgedAt === null) return <span>not yet</span>
  return (
    <span>
      <Moment at={acknowledgedAt} /> by {acknowledgedBy}
    </span>
  )
}

/** Lists the policies of a message as `ID@VERSION`, each as a link; a ticket, with `:` in its id, is shown without a link. */
export function BundleLinks({ bundle }: { bundle: readonly string[] }): JSX.Element {
  return (
    <>
      {bundle.map((each, index) => {
        const [id = '', version = ''] = each.split('@')
        return (
          <Fragment key={each}>
            {index > 0 ? ', ' : ''}
            {id.includes(':') ? each : <PolicyLink id={id} version={version} />}
          </Fragment>
        )
      })}
    </>
  )
}

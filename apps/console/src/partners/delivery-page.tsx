import type { DeliveryDetail, DeliveryTry } from '#libs/contracts'
import type { JSX } from 'preact'
import { absentPage, None } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { count, Digest, Facts, Moment, Part, RunLink, Table, Terminal } from '../layout/parts.js'
import { Acknowledged, BundleLinks, DeliveryTag } from './delivery-rows.js'

/** Limit of the characters of a reply that the page shows; the terminal shows the 4 KiB that are stored. */
const SHOWN_REPLY = 200

/** Page of one delivery: the message, the result of each try, and the commands for the terminal. */
export async function deliveryPage({ read, params: { id = '' } }: PageRequest): Promise<PageContent> {
  const answer = await read<DeliveryDetail>(`/v1/deliveries/${encodeURIComponent(id)}`)
  const summary = 'The delivery cannot be shown.'
  if (answer.kind !== 'loaded') return absentPage({ ...placeIn('Partners', 'Delivery'), summary }, answer, 'delivery')
  const { policy, version, partner } = answer.value
  const place = placeIn('Partners', `${policy}@${version} to ${partner}`)
  return { ...place, summary: summaryOf(answer.value), body: <Delivery delivery={answer.value} /> }
}

function summaryOf({ state, acknowledgedAt, attempts, nextAttemptAt }: DeliveryDetail): string {
  const heard = acknowledgedAt === null ? 'The partner has not acknowledged it.' : 'The partner acknowledged it.'
  switch (state) {
    case 'delivered':
      return `The partner’s server took it after ${count(attempts, 'try', 'tries')}. ${heard}`
    case 'pending':
      return `It waits for its ${nextAttemptAt === null ? 'turn' : 'next try'}; ${count(attempts, 'try', 'tries')} so far. ${heard}`
    case 'dead':
      return `It was given up after ${count(attempts, 'try', 'tries')}. ${heard}`
    case 'superseded':
      return `A newer message took its place. ${heard}`
  }
}

function Delivery({ delivery }: { delivery: DeliveryDetail }): JSX.Element {
  const { id, bundle, run, channel, messageId, digest, supersedes, tries, redrives, state } = delivery
  const shown = [`hms-svc partners delivery ${id}`, ...(state === 'dead' ? [`hms-svc partners redrive ${id} --reason TEXT`] : [])]
  return (
    <>
      <Part id="delivery" title="The message">
        <Facts
          plain
          facts={[
            ['State', <DeliveryTag delivery={delivery} />],
            ['Delivered', <Moment at={delivery.deliveredAt} />],
            ['Acknowledged', <Acknowledged delivery={delivery} />],
            [bundle.length > 1 ? 'Policies' : 'Policy', [<BundleLinks bundle={bundle} />, ', ', <RunLink run={run} />]],
            ['Policy digest', <Digest digest={digest} />],
            ['Supersedes', supersedes.length === 0 ? '–' : supersedes.join(', ')],
            ['Channel', channel],
            ['Message', messageId],
            ['Next try', <Moment at={delivery.nextAttemptAt} />],
          ]}
        />
      </Part>
      <Part id="tries" title="Tries">
        <Tries tries={tries} />
      </Part>
      <Part id="redrives" title="Sent again by people">
        {redrives.length === 0 ? <None>It was not sent again.</None> : <Redrives redrives={redrives} />}
      </Part>
      <Terminal commands={shown} />
    </>
  )
}

function Tries({ tries }: { tries: readonly DeliveryTry[] }): JSX.Element {
  if (tries.length === 0) return <None>No try has ended yet.</None>
  return (
    <Table
      caption={count(tries.length, 'try', 'tries')}
      head={['Time', 'Answer', 'Took', 'Address', 'Certificate', 'Key', 'What it said']}
      rows={tries.map(({ at, status, detail, latencyMs, address, tlsFingerprint, keyId, reply }) => [
        <Moment at={at} />,
        [status, detail].filter((part) => part !== null).join(' ') || 'taken',
        `${latencyMs} ms`,
        address ?? '–',
        tlsFingerprint ?? '–',
        keyId ?? '–',
        reply === null || reply === '' ? '–' : reply.slice(0, SHOWN_REPLY),
      ])}
    />
  )
}

function Redrives({ redrives }: { redrives: DeliveryDetail['redrives'] }): JSX.Element {
  return (
    <ul>
      {redrives.map(({ at, by, reason }) => (
        <li key={at}>
          <Moment at={at} />, {by}: “{reason}”
        </li>
      ))}
    </ul>
  )
}

import { eventsAMinute, type DeadLetterSummary, type Topic } from '#libs/contracts'
import type { JSX } from 'preact'
import { Absent, Alert, None } from '../layout/absent.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { Commands, count, Moment, Part, RunLink, Table, Terminal } from '../layout/parts.js'
import { Tag } from '../layout/state-words.js'
import type { Answer } from '../reading/answer.js'
import { readTopics, type ReaderLag, type TopicRow } from './read-topics.js'

/** Older than that, a reader is not just busy. */
const SLOW_SECONDS = 60

/** One row a topic, in words: what it is for, who writes and reads, how much, how far behind, and what was given up. */
export async function topicsPage({ read }: PageRequest): Promise<PageContent> {
  const { rows, activity, letters, waiting } = await readTopics(read)
  return {
    title: 'Topics',
    section: 'Topics',
    summary: summaryOf(rows, lettersText(letters, waiting.length)),
    body: (
      <>
        <Part id="topics" title="Events between the services">
          <Absent answer={activity} what="rates of the topics" />
          <Table
            caption="Topics"
            head={['Topic and purpose', 'Written by', 'Read by', 'Events a minute', 'Lag', 'Oldest unhandled', 'Dead letters', 'Kept']}
          >
            {rows.map((row) => (
              <Row key={row.topic.name} row={row} />
            ))}
          </Table>
        </Part>
        <Part id="letters" title="Dead letters">
          {letters.map((answer) => (
            <Absent answer={answer} what="dead letters" />
          ))}
          <Letters letters={waiting} complete={letters.every(({ kind }) => kind === 'loaded')} />
        </Part>
        <Terminal title="The same from a terminal" commands={['hms-svc topics list', 'hms-svc dlq list']} />
      </>
    ),
  }
}

function summaryOf(rows: readonly TopicRow[], letters: string): string {
  const readers = rows.flatMap((row) => row.readers)
  const slow = new Set(readers.flatMap((each) => (each.known && each.seconds > SLOW_SECONDS ? [each.reader] : [])))
  const unknown = new Set(readers.flatMap((each) => (each.known ? [] : [each.reader])))
  const parts = [
    slow.size === 0
      ? `No ${unknown.size === 0 ? '' : 'other '}reader is more than a minute behind`
      : `More than a minute behind: ${[...slow].join(', ')}`,
    ...(unknown.size === 0 ? [] : [`not known: ${[...unknown].join(', ')}`]),
    letters,
  ]
  return `${parts.join('; ')}.`
}

function lettersText(answers: readonly Answer<unknown>[], waiting: number): string {
  const known = answers.filter(({ kind }) => kind === 'loaded').length
  if (known === 0) return 'dead letters: not known'
  const where = known < answers.length ? ' at the services that responded' : ''
  return `${count(waiting, 'dead letter')} ${waiting === 1 ? 'waits' : 'wait'} for a person${where}`
}

function Row({ row: { topic, perMinute, readers, letters } }: { row: TopicRow }): JSX.Element {
  return (
    <tr>
      <th scope="row">
        <code>{topic.name}</code>
        <br />
        <span class="purpose">{topic.purpose}</span>
      </th>
      <td>{topic.producers.join(', ')}</td>
      <td>{topic.consumers.length === 0 ? 'bots and dashboards' : topic.consumers.join(', ')}</td>
      <td>{perMinute === undefined ? 'not known now' : <Rate perMinute={perMinute} />}</td>
      <td>
        <Lag readers={readers} />
      </td>
      <td>
        <Oldest readers={readers} />
      </td>
      <td>{letters.length === 0 ? '0' : <a href="#letters">{count(letters.length, 'letter')}</a>}</td>
      <td>{keptOf(topic)}</td>
    </tr>
  )
}

function Rate({ perMinute }: { perMinute: readonly number[] }): JSX.Element {
  if (perMinute.length === 0) return <>none yet</>
  return (
    <>
      {eventsAMinute(perMinute)}
      <SparkLine values={perMinute} label={`Events in each of the last ${perMinute.length} minutes: ${perMinute.join(', ')}`} />
    </>
  )
}

function Lag({ readers }: { readers: readonly ReaderLag[] }): JSX.Element {
  if (readers.length === 0) return <>–</>
  const behind = readers.filter((each) => !each.known || each.messages > 0)
  if (behind.length === 0) return <>0 messages, 0 s</>
  return (
    <ul class="plain">
      {behind.map((each) => (
        <li key={each.reader}>
          {each.reader}: {each.known ? `${count(each.messages, 'message')}, ${each.seconds} s` : 'not known, it does not say'}{' '}
          {each.known && each.seconds > SLOW_SECONDS ? <Tag text="behind" tone="bad" /> : null}
        </li>
      ))}
    </ul>
  )
}

function Oldest({ readers }: { readers: readonly ReaderLag[] }): JSX.Element {
  const oldest = readers
    .flatMap((each) => (each.known && each.oldest !== undefined ? [{ reader: each.reader, ...each.oldest }] : []))
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))[0]
  if (oldest === undefined) return <>–</>
  return (
    <>
      <RunLink run={oldest.run} /> at {oldest.reader}, since <Moment at={oldest.at} />
    </>
  )
}

function keptOf({ cleanup, partitions }: Topic): string {
  return `${cleanup === 'compact' ? 'newest of each key' : '7 days'}, ${count(partitions, 'partition')}`
}

function Letters({ letters, complete }: { letters: readonly DeadLetterSummary[]; complete: boolean }): JSX.Element {
  if (letters.length === 0)
    return <None>{complete ? 'No dead letter waits for a person.' : 'None waits at the services that answered.'}</None>
  return (
    <>
      <Alert kind="warning" title={`${count(letters.length, 'message')} could not be handled`}>
        <p>Look at one, then hand it over again, or end it without an effect. A letter that cannot be handled again stays here.</p>
      </Alert>
      <Table caption="Dead letters that wait for a person" head={['Since', 'Topic', 'Service', 'Run', 'Reason', 'Tries', 'What to do']}>
        {letters.map(({ id, at, topic, service, run, code, detail, tries }) => (
          <tr key={`${service}/${id}`}>
            <td>
              <Moment at={at} />
            </td>
            <td>{topic}</td>
            <td>{service}</td>
            <td>
              <RunLink run={run} />
            </td>
            <td>
              {code}: {detail}
            </td>
            <td>{tries}</td>
            <td>
              <Commands
                commands={[
                  `hms-svc dlq show ${service}/${id}`,
                  `hms-svc dlq replay ${service}/${id}`,
                  `hms-svc dlq discard ${service}/${id} --reason TEXT`,
                ]}
              />
            </td>
          </tr>
        ))}
      </Table>
    </>
  )
}

const [WIDTH, HEIGHT, EDGE] = [128, 24, 2] as const

/** A small line over a row of numbers. The label says the same in words. */
function SparkLine({ values, label }: { values: readonly number[]; label: string }): JSX.Element {
  const most = Math.max(1, ...values)
  const step = (WIDTH - 2 * EDGE) / Math.max(1, values.length - 1)
  const points = values.map((value, index) => {
    const point = [EDGE + index * step, HEIGHT - EDGE - (value / most) * (HEIGHT - 2 * EDGE)]
    return point.map((at) => Math.round(at * 10) / 10).join(',')
  })
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
      <polyline points={points.join(' ')} fill="none" stroke="currentColor" stroke-width="2" />
    </svg>
  )
}

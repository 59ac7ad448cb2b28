import { eventsAMinute, type DeadLetterSummary } from '#libs/contracts'
import type { ComponentChildren, JSX } from 'preact'
import { Absent, Alert, None } from '../layout/absent.js'
import type { PageContent, PageRequest } from '../layout/page.js'
import { count, Moment, Part, RunLink, Table, Terminal } from '../layout/parts.js'
import { Tag } from '../layout/state-words.js'
import type { Answer } from '../reading/answer.js'
import { letterCount, readTopics, type ReaderLag, type TopicRow } from './read-topics.js'

/** Lag in seconds above which a reader is not just busy, but behind. */
const SLOW_SECONDS = 60

/** One row per topic: how much is written, how far behind its readers are, and what was given up. */
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
            head={['Topic', 'Events a minute', 'Last 15 minutes', 'Lag', 'Dead letters']}
            rows={rows.map((row) => cellsOf(row, letters))}
          />
        </Part>
        <Part id="letters" title="Dead letters">
          {letters.map((answer) => (
            <Absent answer={answer} what="dead letters" />
          ))}
          <Letters letters={waiting} of={letters} />
        </Part>
        <Terminal same commands={['hms-svc topics list', 'hms-svc dlq list']} />
      </>
    ),
  }
}

export function summaryOf(rows: readonly TopicRow[], letters: string): string {
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

export function lettersText(answers: readonly Answer<unknown[]>[], waiting: number): string {
  const known = answers.filter(({ kind }) => kind === 'loaded').length
  if (known === 0) return 'dead letters: not known'
  const where = known < answers.length ? ' at the services that responded' : ''
  return `${letterCount(answers, waiting, 'dead letter')} ${waiting === 1 ? 'waits' : 'wait'} for a person${where}`
}

function cellsOf({ topic, perMinute, readers, letters }: TopicRow, answers: readonly Answer<unknown[]>[]): ComponentChildren[] {
  return [
    <a href={`/topics/${topic.name}`} title={topic.purpose}>
      <code>{topic.name}</code>
    </a>,
    <td class="number">{perMinute === undefined ? 'not known now' : eventsAMinute(perMinute)}</td>,
    perMinute === undefined ? '–' : <SparkLine perMinute={perMinute} />,
    <Lag readers={readers} most={1} />,
    letters.length === 0 ? '0' : <a href="#letters">{letterCount(answers, letters.length, 'letter')}</a>,
  ]
}

/** Readers that are behind, the slowest first; `most`: how many are named. */
export function Lag({ readers, most = readers.length }: { readers: readonly ReaderLag[]; most?: number }): JSX.Element {
  if (readers.length === 0) return <>–</>
  const seconds = (each: ReaderLag): number => (each.known ? each.seconds : Infinity)
  const behind = readers.filter((each) => !each.known || each.messages > 0).toSorted((a, b) => (seconds(a) < seconds(b) ? 1 : -1))
  if (behind.length === 0) return <>0 messages, 0 s</>
  return (
    <ul class="plain">
      {behind.slice(0, most).map((each) => (
        <li key={each.reader}>
          {each.reader}: {each.known ? `${count(each.messages, 'message')}, ${each.seconds} s` : 'not known, it does not say'}{' '}
          {each.known && each.seconds > SLOW_SECONDS ? <Tag text="behind" tone="bad" /> : null}
          {behind.length > most ? ` and ${behind.length - most} more` : ''}
        </li>
      ))}
    </ul>
  )
}

export function Oldest({ readers }: { readers: readonly ReaderLag[] }): JSX.Element {
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

/** Table of waiting dead letters, each with a link to its page. `of`: responses of the services that they are from. */
export function Letters({ letters, of }: { letters: readonly DeadLetterSummary[]; of: readonly Answer<unknown[]>[] }): JSX.Element {
  const none = of.every(({ kind }) => kind === 'loaded')
    ? 'No dead letter waits for a person.'
    : 'None waits at the services that answered.'
  if (letters.length === 0) return <None>{none}</None>
  return (
    <>
      <Alert kind="warning" title={`${letterCount(of, letters.length, 'message')} could not be handled`}>
        <p>Open one by its time, then replay it, or discard it with a reason. A letter that cannot be handled again stays here.</p>
      </Alert>
      <Table
        caption="Dead letters that wait for a person"
        head={['Since', 'Topic', 'Service', 'Run', 'Reason', 'Tries']}
        rows={letters.map(({ id, at, topic, service, run, code, detail, tries }) => [
          <a href={`/dead-letters/${id}`}>
            <Moment at={at} />
          </a>,
          topic,
          service,
          <RunLink run={run} />,
          `${detail} (${code})`,
          tries,
        ])}
      />
    </>
  )
}

const [WIDTH, HEIGHT, EDGE] = [128, 24, 2] as const
const QUIET = Array.from({ length: 15 }, () => 0)

/** A small line over the events of each minute; flat for a topic without records. The label says the same in words. */
export function SparkLine({ perMinute }: { perMinute: readonly number[] }): JSX.Element {
  const values = perMinute.length === 0 ? QUIET : perMinute
  const label = `Events in each of the last ${values.length} minutes: ${values.join(', ')}`
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

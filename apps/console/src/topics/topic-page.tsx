import { eventsAMinute, eventSummary, eventWords, TOPICS, type Topic, type TopicRecord } from '#libs/contracts'
import type { JSX } from 'preact'
import { Absent, absentPage, FilteredAway, LoadedPart, None } from '../layout/absent.js'
import { FilterForm, TextFilter } from '../layout/filters.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { count, Facts, Moment, Part, PolicyLink, RunLink, Terminal } from '../layout/parts.js'
import { mapAnswer } from '../reading/answer.js'
import { letterCount, readEvents, readTopics } from './read-topics.js'
import { Lag, Letters, lettersText, Oldest, SparkLine, summaryOf } from './topics-page.js'
import { textIn } from '../forms/query.js'

const SHOWN = 50
/** Characters of the JSON of one event: it may contain whole policies. */
const MAX_JSON = 4_000

/** One topic: its purpose, writers, readers and lag, and its last events in words. */
export async function topicPage({ read, query, params }: PageRequest): Promise<PageContent> {
  const topic = TOPICS.find(({ name }) => name === params['name'])
  if (topic === undefined) {
    const summary = 'There is no topic of this name in the catalogue.'
    return absentPage({ ...placeIn('Topics', 'Topic'), summary, still: true }, { kind: 'missing', detail: summary }, 'topics')
  }
  const { name, purpose, producers, consumers, cleanup, partitions } = topic
  const text = textIn(query, 'text', 100)
  const [{ rows, activity, letters }, events] = await Promise.all([readTopics(read), readEvents(read, name)])
  const row = rows.find((each) => each.topic === topic)!
  const { perMinute, readers } = row
  return {
    ...placeIn('Topics', text === '' ? name : `${name}, filtered`),
    heading: name,
    summary: summaryOf([row], lettersText(letters, row.letters.length)),
    body: (
      <>
        <Part id="about" title="About this topic">
          <Absent answer={activity} what="rates of the topics" />
          <Facts
            facts={[
              ['Purpose', purpose],
              ['Written by', producers.join(', ')],
              ['Read by', consumers.length === 0 ? 'bots and dashboards' : consumers.join(', ')],
              ['Events a minute', perMinute === undefined ? 'not known now' : eventsAMinute(perMinute)],
              perMinute === undefined ? null : ['Last 15 minutes', <SparkLine perMinute={perMinute} />],
              ['Lag', <Lag readers={readers} />],
              ['Oldest unhandled', <Oldest readers={readers} />],
              [
                'Dead letters',
                row.letters.length === 0 ? '0' : <a href="#letters">{letterCount(letters, row.letters.length, 'letter')}</a>,
              ],
              ['Kept', `${cleanup === 'compact' ? 'newest of each key' : '7 days'}, ${count(partitions, 'partition')}`],
            ]}
          />
        </Part>
        {row.letters.length === 0 ? null : (
          <Part id="letters" title="Dead letters">
            <Letters letters={row.letters} of={letters} />
          </Part>
        )}
        <FilterForm action={`/topics/${name}`}>
          <TextFilter name="text" label="Events with" value={text} />
        </FilterForm>
        <LoadedPart
          id="events"
          title={text === '' ? 'Last events' : 'Events that match'}
          answer={mapAnswer(events, (all) =>
            all.filter((event) => `${eventWords(event.type)} ${JSON.stringify(event)}`.toLowerCase().includes(text.toLowerCase())),
          )}
          what="events of this topic"
        >
          {(found) => <Events events={found} topic={topic} narrowed={text !== ''} />}
        </LoadedPart>
        <Terminal commands={[`hms-svc topics tail ${name} --from 1h`]} />
      </>
    ),
  }
}

function Events({ events, topic, narrowed }: { events: readonly TopicRecord[]; topic: Topic; narrowed: boolean }): JSX.Element {
  if (events.length === 0)
    return narrowed ? (
      <FilteredAway what="events" href={`/topics/${topic.name}`} />
    ) : (
      <None>No event of this topic is among the newest that are kept.</None>
    )
  return (
    <>
      <ol class="plain topic-events">
        {events.slice(0, SHOWN).map((event) => (
          <li key={event.id}>
            <Moment at={event.at} /> <Sentence event={event} isPolicy={topic.key === 'policy'} />
            {event.data === undefined ? (
              <a href={`/audit/${event.position}`}>Entry {event.position}</a>
            ) : (
              <details id={`event-${event.id}`}>
                <summary>JSON</summary>
                <pre>{jsonOf(event)}</pre>
              </details>
            )}
          </li>
        ))}
      </ol>
      {events.length > SHOWN ? <p>{events.length - SHOWN} more are not shown. Narrow the list by text.</p> : null}
    </>
  )
}

/** An event in words: `rollout bake started for epa-pm25-limit in Run 3, by rollout: 31 of 31 bots acknowledged`. */
function Sentence({ event: { type, key, run, source, data }, isPolicy }: { event: TopicRecord; isPolicy: boolean }): JSX.Element {
  const summary = eventSummary(data)
  return (
    <>
      <strong>{eventWords(type)}</strong>
      {data === null ? ' (withdrawn)' : ''}
      {key === null ? null : <> for {isPolicy ? <PolicyLink id={key} /> : key}</>}
      {run === null ? null : (
        <>
          {' '}
          in <RunLink run={run} />
        </>
      )}
      {`, by ${source.replace(/^\/hms-svc\//, '')}${summary === '' ? '.' : `: ${summary}`} `}
    </>
  )
}

function jsonOf(event: TopicRecord): string {
  const text = JSON.stringify(event, null, 2)
  return text.length > MAX_JSON ? `${text.slice(0, MAX_JSON)}…\n${text.length - MAX_JSON} more characters` : text
}

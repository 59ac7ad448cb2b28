import { eventWords, jsonIn, peekPredicate, SERVICES, type DeadLetterView, type Envelope } from '#libs/contracts'
import type { JSX } from 'preact'
import { Absent, absentPage, Alert, None } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { count, Facts, Moment, momentText, Part, RunLink, Terminal } from '../layout/parts.js'
import { isUnread, type Answer, type Read } from '../reading/answer.js'

/** Maximum characters of the payload on the page; a payload may have 4 MiB, and the terminal prints all of it. */
const MAX_PAYLOAD = 20_000
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const TIMER = 'timer:'
const ELSEWHERE = 'There is no dead letter with this id: it may be mistyped, or its retention is over.'

/** One dead letter: what it is, why its service gave it up, its payload, and what happened since. */
export async function letterPage({ read, params: { id = '' } }: PageRequest): Promise<PageContent> {
  const { answer, unread } = await readLetter(read, id)
  if (answer.kind === 'loaded') {
    const { topic, service } = answer.value
    const place = { ...placeIn('Topics', `Dead letter of ${service}`), heading: `${whatOf(answer.value)}, given up by ${service}` }
    return { ...place, summary: `From ${topic}. ${sinceText(answer.value)}`, body: <Letter letter={answer.value} /> }
  }
  return absentLetter(answer, unread)
}

/** Page for a letter that was not found, or that may be at a service that could not be read. */
export function absentLetter(answer: Answer<unknown>, unread: readonly Answer<unknown>[]): PageContent {
  const summary = answer.kind === 'missing' ? answer.detail : 'The dead letter cannot be shown.'
  const page = absentPage({ ...placeIn('Topics', 'Dead letter'), summary }, answer, 'dead letter')
  return {
    ...page,
    body: (
      <>
        {page.body}
        {unread.slice(1).map((each) => (
          <Absent answer={each} what="dead letters" />
        ))}
        <p>
          <a href="/topics#letters">See the dead letters that wait for a person</a>
        </p>
        <Terminal commands={['hms-svc dlq list --all']} />
      </>
    ),
  }
}

/** Finds a letter at the services. `unread`: responses of services that may have it, if none returned it. */
export async function readLetter(read: Read, id: string): Promise<{ answer: Answer<DeadLetterView>; unread: Answer<unknown>[] }> {
  const missing: Answer<DeadLetterView> = { kind: 'missing', detail: ELSEWHERE }
  if (!ID.test(id)) return { answer: missing, unread: [] }
  const answers = await Promise.all(SERVICES.map((service) => read<DeadLetterView>(`/v1/dead-letters/${service}/${id}`)))
  const unread = answers.filter(isUnread)
  return { answer: answers.find(({ kind }) => kind === 'loaded') ?? unread[0] ?? missing, unread }
}

/** Returns what a letter contains, in words: `lint passed`, `timer expire-approval`, `message that is no event`. */
function whatOf({ topic, headers: { ce_type: type } }: DeadLetterView): string {
  if (topic.startsWith(TIMER)) return `timer ${topic.slice(TIMER.length)}`
  return type === undefined ? 'message that is no event' : eventWords(type)
}

function sinceText({ state, closed }: DeadLetterView): string {
  if (state === 'ignored') return 'No service of this installation wrote it, so it was ignored; it can only be discarded.'
  if (closed === null) return 'It waits for a person: replay it, or discard it with a reason.'
  const { at, by, reason } = closed
  if (state === 'discarded') return `${by} discarded it at ${momentText(at)}: “${reason}”`
  return `${by} replayed it at ${momentText(at)}: ${reason === 'ignored-stale' ? 'its run had moved on, so nothing changed' : reason}.`
}

function Letter({ letter }: { letter: DeadLetterView }): JSX.Element {
  const { id, service, topic, position, key, code, detail, run, tries, at, state, headers, closed } = letter
  const command = (verb: string, more = ''): string => `hms-svc dlq ${verb} ${service}/${id}${more}`
  return (
    <>
      <Part id="letter" title="What it is">
        <Facts
          plain
          facts={[
            ['What', whatOf(letter)],
            ['Topic', topic.startsWith(TIMER) ? topic : <a href={`/topics/${encodeURIComponent(topic)}`}>{topic}</a>],
            ['Position', position],
            ['Key', key ?? '–'],
            ['Consumer', service],
            ['Run', <RunLink run={run} />],
            ['Given up', [<Moment at={at} />, ` after ${count(tries, 'try', 'tries')}`]],
            ['Reason', `${detail} (${code})`],
          ]}
        />
      </Part>
      <Part id="since" title="What happened since">
        <p>{sinceText(letter)}</p>
      </Part>
      <Part id="payload" title="Payload">
        <Payload letter={letter} />
      </Part>
      <Part id="headers" title="Headers">
        <Facts plain facts={Object.entries(headers).map(([name, value]) => [name, value] as const)} />
      </Part>
      <Terminal
        commands={[
          command('show'),
          ...(state === 'waiting' ? [command('replay')] : []),
          ...(closed === null ? [command('discard', ' --reason TEXT')] : []),
        ]}
      />
    </>
  )
}

function Payload({ letter: { value, headers, raw, cutFrom } }: { letter: DeadLetterView }): JSX.Element {
  if (value === null) return <None>It has no payload.</None>
  const json = jsonIn(value)
  const event = eventIn(json)
  const text = json === undefined ? value : JSON.stringify(event ?? json, null, 2)
  const type = headers['content-type'] ?? (json === undefined ? 'text/plain' : 'application/json')
  return (
    <>
      <p>
        Content type: <code>{type}</code>
        {event === undefined ? '' : '; shown is the event inside its signature.'}
      </p>
      {cutFrom === null ? null : <Alert kind="info" title={`Only the beginning of ${cutFrom} bytes is stored`} />}
      {raw === null ? null : <Alert kind="info" title="It is no text: the terminal prints its bytes with --json" />}
      <pre>
        {text.slice(0, MAX_PAYLOAD)}
        {text.length > MAX_PAYLOAD ? `…\n${text.length - MAX_PAYLOAD} more characters` : ''}
      </pre>
    </>
  )
}

/** Returns the event of a signed envelope, without verifying it; `undefined` for any other JSON. */
function eventIn(json: unknown): unknown {
  try {
    return peekPredicate(json as Envelope)
  } catch {
    return undefined
  }
}

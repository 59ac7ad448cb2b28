import { eventWords, jsonIn, jsonTextOf, peekPredicate, SERVICES, type DeadLetterView, type LetterDecision } from '#libs/contracts'
import type { JSX } from 'preact'
import { ChoiceForm, LongTextField, RadioField } from '../forms/fields.js'
import { absentPage, None } from '../layout/absent.js'
import { placeIn, type PageContent, type PageRequest } from '../layout/page.js'
import { count, Facts, Moment, momentText, Part, RunLink, Terminal } from '../layout/parts.js'
import { isUnread, type Answer, type Read } from '../reading/answer.js'

/** Maximum characters of the payload that are shown, and that are parsed; it may have 4 MiB, and the terminal prints all of it. */
const [MAX_PAYLOAD, MAX_PARSED] = [20_000, 200_000]
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const GONE = 'There is no dead letter with this id: it may be mistyped, or its retention has ended.'

export const LETTER_WORDS: Record<LetterDecision, { value: LetterDecision; text: string; hint: string }> = {
  replay: { value: 'replay', text: 'Replay', hint: 'Its service handles it again. If that fails again, it still waits.' },
  discard: { value: 'discard', text: 'Discard', hint: 'It is never handled. The letter and the reason are kept.' },
}

/** Decisions that a letter permits; none once it is closed. */
export function decisionsOfLetter({ state }: Pick<DeadLetterView, 'state'>): LetterDecision[] {
  return state === 'waiting' ? ['replay', 'discard'] : state === 'ignored' ? ['discard'] : []
}

/** One dead letter: what it is, why its service gave it up, its payload, and what happened since. */
export async function letterPage({ read, params: { id = '' } }: PageRequest): Promise<PageContent> {
  const answer = await readLetter(read, id)
  if (answer.kind !== 'loaded') return absentLetter(answer)
  const { topic, service, state } = answer.value
  const place = { ...placeIn('Topics', `${whatOf(answer.value)}, given up by ${service}`), state }
  return { ...place, summary: `From ${topic}. ${sinceText(answer.value)}`, body: <Letter letter={answer.value} /> }
}

/** Page for a letter that no service has, or that may be at a service that could not be read; with a next step. */
export function absentLetter(answer: Answer<unknown>): PageContent {
  const { body, ...page } = absentPage({ ...placeIn('Topics', 'Dead letter'), summary: 'It cannot be shown.' }, answer, 'dead letter')
  const next = <a href="/topics#letters">See the dead letters that wait for a person</a>
  return { ...page, body: [body, <p>{next}</p>, <Terminal commands={['hms-svc dlq list --all']} />] }
}

/** Finds a letter at the services. Not missing while a service that may have it could not be read. */
export async function readLetter(read: Read, id: string): Promise<Answer<DeadLetterView>> {
  const services = ID.test(id) ? SERVICES : []
  const answers = await Promise.all(services.map((service) => read<DeadLetterView>(`/v1/dead-letters/${service}/${id}`)))
  return answers.find(({ kind }) => kind === 'loaded') ?? answers.find(isUnread) ?? { kind: 'missing', detail: GONE }
}

/** Returns what a letter contains, in words: `lint passed`, `timer expire-approval`, `message that is no event`. */
function whatOf({ topic, headers: { ce_type: type } }: DeadLetterView): string {
  if (topic.startsWith('timer:')) return topic.replace(':', ' ')
  return type === undefined ? 'message that is no event' : eventWords(type)
}

export function sinceText({ state, closed }: Pick<DeadLetterView, 'state' | 'closed'>): string {
  if (state === 'ignored') return 'No service of this installation wrote it, so it was ignored; it can only be discarded.'
  if (closed === null) return 'It waits for a person: replay it, or discard it with a reason.'
  const { at, by, reason, statement } = closed
  if (state === 'discarded') return `${by} discarded it at ${momentText(at)}: “${reason}”`
  const why = statement === undefined ? '' : ` Reason: “${peekPredicate<{ reason: string }>(statement).reason}”`
  return `${by} replayed it at ${momentText(at)}: ${reason === 'ignored-stale' ? 'its run had moved on, nothing changed' : reason}.${why}`
}

function Letter({ letter }: { letter: DeadLetterView }): JSX.Element {
  const { id, service, topic, position, key, code, detail, run, tries, at } = letter
  const decisions = decisionsOfLetter(letter)
  const commands = ['show', ...decisions.map((decision) => `${decision} --reason TEXT --sign NAME`)]
  return (
    <>
      <Part id="letter" title="What it is">
        <Facts
          plain
          facts={[
            ['What', whatOf(letter)],
            ['Topic', topic.startsWith('timer:') ? topic : <a href={`/topics/${encodeURIComponent(topic)}`}>{topic}</a>],
            ['Position', position],
            ['Key', key ?? '–'],
            ['Consumer', service],
            ['Run', <RunLink run={run} />],
            ['Given up', [<Moment at={at} />, ` after ${count(tries, 'try', 'tries')}`]],
            ['Reason', `${detail} (${code})`],
            ['Since then', sinceText(letter)],
          ]}
        />
      </Part>
      {decisions.length === 0 ? null : (
        <Part id="decide" title="Decide">
          <ChoiceForm action={`/dead-letters/${id}/decide`}>
            <RadioField name="decision" legend="It is to be" choices={decisions.map((value) => LETTER_WORDS[value])} chosen={undefined} />
            <LongTextField name="reason" label="Reason" hint="The log keeps it with your name." required />
          </ChoiceForm>
        </Part>
      )}
      <Part id="payload" title="Payload">
        <Payload letter={letter} />
      </Part>
      <Terminal commands={commands.map((verb) => `hms-svc dlq ${verb.replace(/^\w+/, `$& ${service}/${id}`)}`)} />
    </>
  )
}

function Payload({ letter: { value, headers, raw, cutFrom } }: { letter: DeadLetterView }): JSX.Element {
  if (value === null) return <None>It has no payload.</None>
  const json = value.length > MAX_PARSED ? undefined : jsonIn(value)
  const { payload } = (json ?? {}) as { payload?: unknown }
  // Displayed without verifying the signature: the reason above says what its service found.
  const { predicate: event } = (jsonIn(Buffer.from(String(payload), 'base64').toString()) ?? {}) as { predicate?: unknown }
  const text = json === undefined ? value : (jsonTextOf(event ?? json, 2) ?? value)
  return (
    <>
      <p>
        Content type: <code>{headers['content-type'] ?? (json === undefined ? 'text/plain' : 'application/json')}</code>.
        {event == null ? '' : ' Shown is the event inside its signature.'}
        {cutFrom === null ? '' : ` Only the beginning of ${cutFrom} bytes is stored.`}
        {raw === null ? '' : ' It is no text: the terminal prints its bytes with --json.'}
      </p>
      <pre>
        {text.slice(0, MAX_PAYLOAD)}
        {text.length > MAX_PAYLOAD ? `…\n${text.length - MAX_PAYLOAD} more characters` : ''}
      </pre>
    </>
  )
}

import { TOPICS, type JsonObject } from '#libs/contracts'
import { docsDocument } from '#libs/platform'
import type { JSX } from 'preact'
import type { PageContent } from '../layout/page.js'
import { count } from '../layout/parts.js'
import { DocsFrame, placeInDocs } from './docs-frame.js'
import { readLibrary } from './library.js'

interface AsyncApi {
  channels: Record<string, { description: string; messages: Record<string, unknown> }>
  components: { messages: Record<string, { payload: JsonObject }>; schemas: Record<string, JsonObject> }
}

/** Every topic with who writes and reads it, and every type of event with its schema. */
export async function eventsPage(): Promise<PageContent> {
  const document = docsDocument<AsyncApi>('asyncapi.json')
  const channels = Object.entries(document.channels)
  const types = namesOf(document.components.messages).length
  return {
    ...placeInDocs('Events'),
    summary: `${count(channels.length, 'topic')} and ${count(types, 'type')} of event, as this version writes them.`,
    body: (
      <DocsFrame docs={[...(await readLibrary()).values()]} path="events">
        <p>
          Programs read <a href="/asyncapi.json">/asyncapi.json</a> (AsyncAPI 3.1). <a href="/topics">Topics</a> shows rate and lag of each.
        </p>
        {channels.map(([name, { description, messages }]) => (
          <section key={name} aria-labelledby={name}>
            <h2 id={name}>{name}</h2>
            <p>
              {description}. {readersOf(name)}
            </p>
            {namesOf(messages).map((type) => (
              <EventType key={type} type={type} topic={name} document={document} />
            ))}
          </section>
        ))}
      </DocsFrame>
    ),
  }
}

/** Returns the names of messages, except `TYPE.record`, which only wraps `TYPE`. */
function namesOf(messages: Record<string, unknown>): string[] {
  return Object.keys(messages).filter((name) => !name.endsWith('.record'))
}

function readersOf(name: string): string {
  const topic = TOPICS.find((each) => each.name === name)
  if (topic === undefined) return ''
  const { producers, consumers, key, partitions, cleanup } = topic
  const readers = consumers.length === 0 ? 'no service' : consumers.join(', ')
  return `Written by ${producers.join(', ')}, read by ${readers}; keyed by ${key}, ${partitions} partitions, ${cleanup}.`
}

function EventType({ type, topic, document }: { type: string; topic: string; document: AsyncApi }): JSX.Element {
  const { messages, schemas } = document.components
  const schema = schemas[type] ?? messages[type]?.payload
  return (
    <details id={`${topic}/${type}`} class="route">
      <summary>
        <code>{type}</code>
      </summary>
      <pre tabIndex={0}>
        <code>{JSON.stringify(schema ?? {}, null, 2)}</code>
      </pre>
    </details>
  )
}

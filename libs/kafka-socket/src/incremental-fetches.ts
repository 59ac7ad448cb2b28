import { createRequire } from 'node:module'
import { FetchSession, type SessionPart, type WantedTopic } from './fetch-session.js'

/** kafkajs' own, of which each client has one for each broker. */
interface Broker {
  connectionPool: { socketFactory: unknown }
  lookupRequest(apiKey: number, definition: unknown): (request: object) => object
  fetch(request: { topics: readonly WantedTopic[] }): Promise<FetchAnswer>
}

/** Of version 7 and later; earlier ones have no session. */
interface FetchAnswer {
  errorCode?: number
  sessionId?: number
}

const sessions = new WeakMap<Broker, FetchSession>()
let areIncremental = false

/**
 * kafkajs 2.2.4 tells the broker of every partition at each fetch, is answered for every partition, and looks at each answer: 12 of each of
 * audit's fourteen topics for one record. The first call gives a session to all fetches that go through this socket.
 */
export function fetchIncrementally(socketFactory: unknown): void {
  if (areIncremental) return
  areIncremental = true
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/broker/index.js') as { prototype: Broker }
  const fetch = prototype.fetch
  prototype.fetch = function (this: Broker, request) {
    const isOurs = this.connectionPool.socketFactory === socketFactory
    return isOurs && hasSeveral(request.topics) ? fetchInSession(this, fetch, request) : fetch.call(this, request)
  }
}

/** One partition needs no session, and who asks for one at a time asks for several at once. */
function hasSeveral(topics: readonly WantedTopic[]): boolean {
  return topics.length > 1 || (topics[0]?.partitions.length ?? 0) > 1
}

async function fetchInSession(broker: Broker, fetch: Broker['fetch'], request: { topics: readonly WantedTopic[] }): Promise<FetchAnswer> {
  const session = sessions.get(broker) ?? new FetchSession()
  sessions.set(broker, session)
  const part = session.next(request.topics)
  let answer: FetchAnswer
  try {
    answer = await fetch.call(withSession(broker, part), { ...request, topics: part.topics })
  } catch (error) {
    // A partition's error too: kafkajs throws away what came with it.
    session.failed()
    throw error
  }
  const { errorCode = 0, sessionId = 0 } = answer
  const isLost = !session.answered({ errorCode, sessionId }) && part.sessionEpoch > 0
  return isLost ? fetchInSession(broker, fetch, request) : answer
}

/** The broker, but for its requests, which have this session: kafkajs knows how to write one, and never does. */
function withSession(broker: Broker, { sessionId, sessionEpoch, forgottenTopics }: SessionPart): Broker {
  const lookupRequest: Broker['lookupRequest'] = (apiKey, definition) => {
    const createRequest = broker.lookupRequest(apiKey, definition)
    return (request) => createRequest({ ...request, sessionId, sessionEpoch, forgottenTopics })
  }
  return Object.create(broker, { lookupRequest: { value: lookupRequest } }) as Broker
}

import { createRequire } from 'node:module'
import { FetchSession, type SessionPart, type WantedTopic } from './fetch-session.js'

/** Internal broker object of kafkajs; each client has one per broker. */
interface Broker {
  connectionPool: { socketFactory: unknown }
  lookupRequest(apiKey: number, definition: unknown): (request: object) => object
  fetch(request: { topics: readonly WantedTopic[] }): Promise<FetchAnswer>
}

/** Fetch response; versions before 7 have neither member. */
interface FetchAnswer {
  errorCode?: number
  sessionId?: number
}

const sessions = new WeakMap<Broker, FetchSession>()
let isPatched = false

/**
 * Patches kafkajs to use fetch sessions. kafkajs 2.2.4 names every partition in each fetch, and the broker returns every partition: 12 of
 * each of audit's fourteen topics for one record. The first call patches all fetches through sockets of this factory.
 */
export function fetchIncrementally(socketFactory: unknown): void {
  if (isPatched) return
  isPatched = true
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/broker/index.js') as { prototype: Broker }
  const fetch = prototype.fetch
  prototype.fetch = function (this: Broker, request) {
    const isOurs = this.connectionPool.socketFactory === socketFactory
    return isOurs && hasSeveral(request.topics) ? fetchInSession(this, fetch, request) : fetch.call(this, request)
  }
}

/** Whether a session is useful. Fetches of one partition need no session and are concurrent; a session cannot serve concurrent fetches. */
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
    // Also reached by an error of one partition, for which kafkajs discards the rest of the response.
    session.failed()
    throw error
  }
  const { errorCode = 0, sessionId = 0 } = answer
  const isLost = !session.answered({ errorCode, sessionId }) && part.sessionEpoch > 0
  return isLost ? fetchInSession(broker, fetch, request) : answer
}

/** Returns a broker that adds this session to its requests. kafkajs can encode a session, but never sends one. */
function withSession(broker: Broker, { sessionId, sessionEpoch, forgottenTopics }: SessionPart): Broker {
  const lookupRequest: Broker['lookupRequest'] = (apiKey, definition) => {
    const createRequest = broker.lookupRequest(apiKey, definition)
    return (request) => createRequest({ ...request, sessionId, sessionEpoch, forgottenTopics })
  }
  return Object.create(broker, { lookupRequest: { value: lookupRequest } }) as Broker
}

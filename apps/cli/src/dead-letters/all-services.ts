import type { ApiClient } from '#libs/client'
import { HmsError, isServiceName, SERVICES, type DeadLetterSummary, type DeadLetterView, type ServiceName } from '#libs/contracts'
import { usageError } from '../errors.js'

export interface Answers<T> {
  answers: { service: ServiceName; answer: T }[]
  /** Services that failed or did not respond. */
  unreachable: { service: ServiceName; error: unknown }[]
  /** Errors of services that refused the request, with a status below 500. */
  refusals: HmsError[]
}

/** Sends one request to each service and sorts the outcomes. The port of a single service refuses requests for other services (404). */
export async function callServices<T>(services: readonly ServiceName[], call: (service: ServiceName) => Promise<T>): Promise<Answers<T>> {
  const settled = await Promise.allSettled(services.map(call))
  const result: Answers<T> = { answers: [], unreachable: [], refusals: [] }
  for (const [index, outcome] of settled.entries()) {
    const service = services[index]!
    if (outcome.status === 'fulfilled') result.answers.push({ service, answer: outcome.value })
    else if (outcome.reason instanceof HmsError && outcome.reason.status < 500) result.refusals.push(outcome.reason)
    else result.unreachable.push({ service, error: outcome.reason })
  }
  return result
}

/** Maximum number of waiting dead letters counted per service. */
export const LETTERS_COUNTED = 1_000

export function waitingLetters(client: ApiClient): Promise<Answers<DeadLetterSummary[]>> {
  return callServices(SERVICES, (service) =>
    client.get('/v1/dead-letters/{service}', { service, state: 'waiting', limit: LETTERS_COUNTED }),
  )
}

export function parseService(name: string): ServiceName {
  if (isServiceName(name)) return name
  throw usageError(`There is no service ${name}; there are ${SERVICES.join(', ')}.`, ['hms-svc dlq list'])
}

/** Finds a dead letter by `SERVICE/ID`, or by `ID` in any service. */
export async function findLetter(client: ApiClient, text: string): Promise<DeadLetterView> {
  const [, service, id] = /^(?:([^/]+)\/)?([0-9a-fA-F-]{36})$/.exec(text) ?? []
  if (id === undefined)
    throw usageError(`${text} is not the id of a dead letter: expected a UUID, with or without SERVICE/ before it.`, ['hms-svc dlq list'])
  const read = async (name: ServiceName): Promise<DeadLetterView> => {
    const named = { service: name, id: id.toLowerCase() }
    return { ...(await client.get('/v1/dead-letters/{service}/{id}', named)), ...named } // guard: letter-as-named
  }
  if (service !== undefined) return read(parseService(service))
  const { answers, unreachable, refusals } = await callServices(SERVICES, read)
  if (answers[0] !== undefined) return answers[0].answer
  // The letter may be in a service that did not respond, or that refused the caller. 404 means: no such letter, or no such service here.
  const fault = unreachable[0]?.error ?? refusals.find(({ status }) => status !== 404)
  if (fault !== undefined) throw fault
  throw new HmsError('HMS_DEAD_LETTER_NOT_FOUND', `No service has a dead letter ${id}.`, { status: 404, next: ['hms-svc dlq list --all'] })
}

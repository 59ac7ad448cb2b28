import { isOwnCommand, readText, readyState, type ServiceReadiness, type ServiceState } from '#libs/contracts'
import type { TopicFigures } from '../topics/list.js'
import { ok, unknown, wrong, type Check } from './check.js'

const ANSWER_MS = 5_000
const MAX_ANSWER_BYTES = 1024 * 1024
const CLOCK_MS = 5_000
const LAG_SECONDS = 60
/** Concern that includes the command that fixes it. */
const WITH_COMMAND = /^(.*) \(next: (.+)\)$/

/** Content of `/readyz`: what a process reports of each service, or an edge of each service's best instance. */
export interface Readiness {
  /** Time of the response by the server's clock, in whole seconds. */
  at: number | undefined
  services: ServiceState[]
}

type ReadyzBody = { services?: ServiceReadiness[] | object; details?: ServiceState[] }

/** Reads `/readyz`. Returns `undefined` if the server does not respond, or is not part of HMS-SVC. */
export async function readReadiness(url: string): Promise<Readiness | undefined> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS), redirect: 'manual' })
    const { services, details } = JSON.parse(await readText(response.body, MAX_ANSWER_BYTES)) as ReadyzBody
    if (services === undefined) return undefined
    const at = Date.parse(response.headers.get('date') ?? '')
    return { at: Number.isNaN(at) ? undefined : at, services: Array.isArray(services) ? services.map(withState) : (details ?? []) }
  } catch {
    return undefined
  }
}

function withState(reported: ServiceReadiness): ServiceState {
  return { ...reported, state: readyState(reported) }
}

/** Pure. `now`: the local clock, in ms. */
export function judgeServices({ at, services }: Readiness, now: number): Check[] {
  const named = (states: ServiceState[]): string => states.map(({ service }) => service).join(', ')
  const where = (wanted: (state: ServiceState) => boolean): ServiceState[] => services.filter(wanted)
  const checks: Check[] = []
  const down = where(({ state }) => state === 'down')
  const noDatabase = where(({ database }) => database === 'down')
  const noSchema = where(({ database, migrations }) => database === 'up' && migrations === 'missing')
  const noBroker = where(({ broker }) => broker === 'degraded')
  const unexplained = down.filter((state) => !noDatabase.includes(state) && !noSchema.includes(state))
  if (noDatabase.length > 0) checks.push(wrong('database', `not reachable for ${named(noDatabase)}`, 'hms-svc help environment'))
  if (noSchema.length > 0) checks.push(wrong('schema', `not up to date for ${named(noSchema)}`, 'hms-svc migrate'))
  if (unexplained.length > 0)
    checks.push(wrong('services', `no instance is ready of ${named(unexplained)}`, `hms-svc serve ${unexplained[0]!.service}`))
  if (noBroker.length > 0) checks.push(wrong('broker', `does not respond to ${named(noBroker)}`, 'hms-svc topics diff'))
  if (down.length === 0) checks.push(ok('services', `${services.length} ready`))
  const current = where(({ database, migrations }) => database === 'up' && migrations === 'current')
  if (current.length > 0) checks.push(ok('schema', current.length === services.length ? 'up to date' : `up to date for ${named(current)}`))
  for (const concern of new Set(services.flatMap(({ concerns = [] }) => concerns))) {
    const [, text = concern, command] = WITH_COMMAND.exec(concern) ?? []
    const [detail, next] = isOwnCommand(command) ? [text, command] : [concern, 'hms-svc audit verify']
    const concerned = where(({ concerns = [] }) => concerns.includes(concern))
    const isShared = concerned.length > 1
    checks.push(wrong(isShared ? 'services' : named(concerned), isShared ? `${named(concerned)}: ${detail}` : detail, next))
  }
  return [...checks, ...judgeClocks(at, services, now)]
}

function judgeClocks(at: number | undefined, services: ServiceState[], now: number): Check[] {
  const next = 'timedatectl status'
  const off = services.filter(({ clockOffMs = 0 }) => Math.abs(clockOffMs) > CLOCK_MS)
  const checks = off.map(({ service, clockOffMs }) => wrong('clock', `${service} is ${seconds(clockOffMs!)} the database's clock`, next))
  // The Date header has whole seconds, so one more second is tolerated.
  const ownMs = at === undefined ? 0 : now - at
  if (Math.abs(ownMs) > CLOCK_MS + 1_000) checks.push(wrong('clock', `this machine is ${seconds(ownMs)} the services' clock`, next))
  if (checks.length > 0) return checks
  if (services.every(({ clockOffMs }) => clockOffMs === undefined))
    return [unknown('clock', 'not measured, because no service reaches its database')]
  const without = services.filter(({ clockOffMs, state }) => clockOffMs === undefined && state !== 'down').map(({ service }) => service)
  if (without.length > 0) return [unknown('clock', `not reported by ${without.join(', ')}; the others are within five seconds`)]
  return [ok('clock', "within five seconds of the database's")]
}

/** Pure. */
export function judgeLag(topics: readonly Pick<TopicFigures, 'topic' | 'lag'>[]): Check {
  const behind = topics.flatMap(({ topic, lag }) => lag.map((group) => ({ ...group, topic }))).filter(({ messages }) => messages > 0)
  const aged = behind.flatMap(({ seconds: age, ...group }) => (age === null ? [] : [{ ...group, age }]))
  const [worst] = aged.filter(({ age }) => age > LAG_SECONDS).sort((a, b) => b.age - a.age)
  if (worst !== undefined)
    return wrong(
      'lag',
      `${worst.group} is ${worst.messages} messages and ${Math.round(worst.age)} s behind on ${worst.topic}`,
      'hms-svc topics list',
    )
  const unaged = behind.find(({ seconds: age }) => age === null)
  if (unaged !== undefined) return unknown('lag', `${unaged.group} does not report how old its lag on ${unaged.topic} is`)
  return ok('lag', behind.length === 0 ? 'no consumer is behind' : 'under a minute')
}

/** Pure. `waiting`: number of waiting dead letters. `unreachable`: services that did not respond. `isCut`: there may be more. */
export function judgeLetters(waiting: number, unreachable: readonly string[] = [], isCut = false): Check {
  const verb = waiting === 1 ? 'waits' : 'wait'
  if (waiting > 0) return wrong('dead letters', `${waiting}${isCut ? ' or more' : ''} ${verb} for a person`, 'hms-svc dlq list')
  if (unreachable.length > 0)
    return unknown('dead letters', `none wait in the services that responded; ${unreachable.join(', ')} did not respond`)
  return ok('dead letters', 'none wait')
}

function seconds(ms: number): string {
  return `${Math.round(Math.abs(ms) / 1_000)} s ${ms < 0 ? 'behind' : 'ahead of'}`
}

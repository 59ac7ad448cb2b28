import type { ApiClient } from '#libs/client'
import { LADDER, STOP_THE_LINE, type CoverageView, type FreezeView, type PolicyView, type RunView, type Ticket } from '#libs/contracts'
import { readRuns } from '../runs/read-runs.js'
import { judged, ok, unknown, warn, wrong, type Check } from './check.js'

/** Time in ms for which a connected bot may be behind before it is reported. */
const BEHIND_MS = 60_000
/** Maximum number of policies whose coverage is requested. */
const MAX_POLICIES = 100
const MAX_NAMED = 5

/** Checks for what needs a person or blocks releases: stop switch, freezes, tickets, late runs, on-call partners, bots that are behind. */
export async function checkAttention(client: ApiClient, now: number): Promise<Check[]> {
  const checks = await Promise.all([
    judged('freezes', client.get('/v1/freezes'), judgeFreezes),
    judged('tickets', client.get('/v1/tickets', { state: 'OPEN' }), (open) => [judgeTickets(open, now)]),
    judged('runs', readRuns(client, { open: 'yes' }, Infinity), ({ runs }) => [judgeRuns(runs)]),
    judged('on call', client.get('/v1/partners'), (all) => [judgeOnCall(all)]),
    judged('bots', client.get('/v1/policies'), (policies) => checkBots(client, policies, now)),
  ])
  return checks.flat()
}

/** Pure. The stop switch counts as wrong, because only a person turns it off. Any other active freeze is a warning. */
export function judgeFreezes(freezes: readonly FreezeView[]): Check[] {
  const active = freezes.filter(({ state }) => state === 'ACTIVE')
  const stop = active.find(({ id }) => id === STOP_THE_LINE)
  const others = active.filter(({ id }) => id !== STOP_THE_LINE)
  const checks = others.map(({ id, scope, next, reason }) =>
    warn(
      'freezes',
      `${id} holds changes ${scope === 'global' ? 'everywhere' : `in ${scope}`} until ${next ?? 'it is lifted'}: ${reason}`,
      `hms-svc freezes list`,
    ),
  )
  if (stop === undefined) return checks.length > 0 ? checks : [ok('freezes', 'none is active')]
  const detail = `stop-the-line is on since ${stop.declaredAt}, by ${stop.by}: ${stop.reason}`
  return [wrong('stop switch', detail, 'hms-svc stop-the-line off --reason TEXT --sign NAME'), ...checks]
}

/** Pure. `now` in ms. */
export function judgeTickets(open: readonly Ticket[], now: number): Check {
  if (open.length === 0) return ok('tickets', 'none is open')
  const overdue = open.filter(({ expiresAt }) => Date.parse(expiresAt) <= now).length
  const named = open.slice(0, MAX_NAMED).map(({ ticket, run, reason }) => `${ticket} (run #${run}, ${reason})`)
  const count = `${open.length} ${open.length === 1 ? 'waits' : 'wait'} for a decision${overdue === 0 ? '' : `, ${overdue} overdue`}`
  return wrong('tickets', `${count}: ${named.join(', ')}${open.length > MAX_NAMED ? ', …' : ''}`, 'hms-svc tickets list')
}

export function judgeRuns(open: readonly RunView[]): Check {
  const late = open.filter((run) => run.late === true)
  if (late.length === 0) return ok('runs', open.length === 0 ? 'none is open' : `${open.length} open, none over its promise`)
  const named = late.slice(0, MAX_NAMED).map(({ run, state }) => `#${run} (${state})`)
  const verb = late.length === 1 ? 'is' : 'are'
  return wrong('runs', `${named.join(', ')} ${verb} not in force within the promise`, `hms-svc runs show ${late[0]!.run}`)
}

/** Pure. Tickets notify the groups of `LADDER` in turn; without a partner in the first (on-call), a new ticket notifies no one. */
export function judgeOnCall(partners: readonly { groups: string[] }[]): Check {
  const empty = LADDER.filter((group) => !partners.some(({ groups }) => groups.includes(group)))
  if (!empty.includes('on-call'))
    return ok('on call', empty.length === 0 ? 'each group has a partner' : `the group on-call has a partner; empty: ${empty.join(', ')}`)
  return warn('on call', 'no partner is in the group on-call: new tickets notify no one', 'hms-svc partners add FILE')
}

async function checkBots(client: ApiClient, policies: readonly PolicyView[], now: number): Promise<Check[]> {
  const answers = await Promise.allSettled(policies.slice(0, MAX_POLICIES).map(({ id }) => client.get('/v1/coverage', { policy: id })))
  const views = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  return [judgeBots(views, policies.length - views.length, now), ...judgeLeft(views)]
}

/** Pure. `unreachable`: number of policies in force whose coverage is unknown; `now` in ms. */
export function judgeBots(views: readonly CoverageView[], unreachable: number, now: number): Check {
  const behind = views
    .map(({ policy, lagging }) => ({ policy, lagging: lagging.filter(({ since }) => now - Date.parse(since) > BEHIND_MS) }))
    .filter(({ lagging }) => lagging.length > 0)
  const [worst] = behind.sort((a, b) => b.lagging.length - a.lagging.length)
  if (worst !== undefined) {
    const count = `${worst.lagging.length} connected for over a minute`
    const detail = `${count} do not apply ${worst.policy} as they should: ${namesOf(worst.lagging)}`
    return wrong('bots', detail, `hms-svc coverage ${worst.policy}`)
  }
  if (unreachable > 0)
    return unknown('bots', `the bots of ${unreachable} of ${views.length + unreachable} policies in force were not looked at`)
  if (views.length === 0) return ok('bots', 'no policy is in force')
  if (views.every(({ total }) => total === 0)) return ok('bots', 'no named bot is connected')
  const onTheirWay = new Set(views.flatMap(({ lagging }) => lagging.map(({ id }) => id))).size
  if (onTheirWay > 0) return ok('bots', `${onTheirWay} behind for less than a minute; all other connected bots apply the expected releases`)
  return ok('bots', 'all connected bots apply the expected releases')
}

/** Pure. Warns of bots that disconnected while they were behind, because the version they use now is unknown. */
export function judgeLeft(views: readonly CoverageView[]): Check[] {
  const behind = views.filter(({ left = [] }) => left.length > 0)
  const bots = [...new Map(behind.flatMap(({ left = [] }) => left.map((bot) => [bot.id, bot] as const))).values()]
  const [worst] = behind.sort((a, b) => b.left!.length - a.left!.length)
  if (worst === undefined) return []
  const detail = `${bots.length} left while behind within seven days, and did not return: ${namesOf(bots)}`
  return [warn('bots that left', detail, `hms-svc coverage ${worst.policy}`)]
}

function namesOf(bots: readonly { id: string }[]): string {
  const names = bots.slice(0, MAX_NAMED).map(({ id }) => id)
  return `${names.join(', ')}${bots.length > MAX_NAMED ? ', …' : ''}`
}

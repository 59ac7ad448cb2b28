import type { ApiClient } from '#libs/client'
import { EXIT, SERVICES } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { askServices } from '../dead-letters/all-services.js'
import { readFigures } from '../topics/read-lags.js'
import { checkAttention } from './attention.js'
import { unknown, wrong, type Check } from './check.js'
import { checkDisk, checkMemory } from './machine.js'
import { checkNamedParts, isOpen } from './reach.js'
import { judgeLag, judgeLetters, judgeServices, readReadiness } from './services.js'
import { checkTrust } from './trust.js'

/** Dead letters of a service that are counted. */
const MAX_LETTERS = 1_000

const MARKS = { ok: '✓', warn: '!', wrong: '✗', unknown: '?' } as const

/** Checks everything the system depends on, and prints problems with their remedies. Works without services too. */
export async function runDoctor(context: CliContext): Promise<number> {
  const { environment } = context.io
  const readiness = await readReadiness(context.url)
  const answering = readiness !== undefined
  const checks: Check[] = [
    ...(answering ? judgeServices(readiness, context.io.now()) : [await unreachable(context.url)]),
    ...(await checkNamedParts((name) => environment.lookup(name))),
    await checkDisk(environment.dataDir),
    checkMemory(),
    ...(await checkTrust(context, answering)),
    ...(answering ? await checkTraffic(await context.client()) : []),
    ...(answering ? await checkAttention(await context.client(), context.io.now()) : []),
  ]
  const found = checks.filter(({ state }) => state === 'wrong').length
  context.output.data({ healthy: found === 0, checks }, () => [
    ...checks.flatMap((check) => lines(context, check)),
    closing(found, checks.filter(({ state }) => state === 'warn').length),
  ])
  if (found === 0) return EXIT.done
  return answering ? EXIT.conflict : EXIT.unreachable
}

async function unreachable(url: string): Promise<Check> {
  const { hostname, port, protocol } = new URL(url)
  const taken = await isOpen(hostname.replace(/^\[|\]$/g, ''), Number(port || (protocol === 'https:' ? 443 : 80)))
  return taken
    ? wrong('port', `${url} is taken, and not by these services`, 'hms-svc dev --port ANOTHER')
    : wrong('port', `no server responds at ${url}`, 'hms-svc dev')
}

async function checkTraffic(client: ApiClient): Promise<Check[]> {
  const lag = readFigures(client).then(
    ({ topics }) => judgeLag(topics),
    (error: Error) => unknown('lag', error.message),
  )
  const { answers, silent, refusals } = await askServices(SERVICES, (service) =>
    client.get('/v1/dead-letters/{service}', { service, state: 'waiting', limit: MAX_LETTERS }),
  )
  const letters =
    answers.length === 0
      ? unknown('dead letters', String((silent[0]?.error as Error | undefined)?.message ?? (refusals[0] as Error | undefined)?.message))
      : judgeLetters(
          answers.reduce((sum, { answer }) => sum + answer.length, 0),
          silent.map(({ service }) => service),
          answers.some(({ answer }) => answer.length === MAX_LETTERS),
        )
  return [await lag, letters]
}

function lines({ output: { paint } }: CliContext, { check, state, detail, next }: Check): string[] {
  const colour = { ok: paint.good, warn: paint.bad, wrong: paint.bad, unknown: (text: string) => text }[state]
  const line = `${colour(MARKS[state])} ${check.padEnd(14)} ${state === 'ok' ? '' : `${state}: `}${detail}`
  return next === undefined ? [line] : [line, `  next: ${next}`]
}

function closing(found: number, warnings: number): string {
  if (found === 0 && warnings > 0) return `Nothing is wrong; ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}.`
  return found === 0 ? 'Nothing is wrong.' : found === 1 ? 'One thing is wrong.' : `${found} things are wrong.`
}

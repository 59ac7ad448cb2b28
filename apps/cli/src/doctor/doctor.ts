import { connect } from 'node:net'
import { existsSync, readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { freemem } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { ApiClient } from '#libs/client'
import { EXIT, HmsError } from '#libs/contracts'
import type { Roster } from '#libs/signing'
import type { CliContext } from '../context.js'
import { LETTERS_COUNTED, waitingLetters } from '../dead-letters/all-services.js'
import { problemOf } from '../errors.js'
import { keyFolderOf } from '../keys/key-folder.js'
import { newestRoster, pinnedRoster } from '../roster/rosters-here.js'
import { readFigures } from '../topics/list.js'
import { checkAttention } from './attention.js'
import { ok, unknown, warn, wrong, type Check } from './check.js'
import { judgeLag, judgeLetters, judgeServices, readReadiness } from './services.js'

const MARKS = { ok: '✓', warn: '!', wrong: '✗', unknown: '?' } as const

/** Checks everything the system depends on, and prints problems with their remedies. Works without services too. */
export async function runDoctor(context: CliContext): Promise<number> {
  const { environment } = context.io
  const client = await context.client()
  const readiness = await readReadiness(client.url)
  const answering = readiness !== undefined
  const checks: Check[] = [
    ...(answering ? judgeServices(readiness, context.io.now()) : [await unreachable(client.url)]),
    ...(await checkNamedParts((name) => environment.lookup(name))),
    await checkDisk(environment.dataDir),
    judgeFreeSpace('memory', availableMemory(), MEMORY, 'available', 'free -m'),
    ...(await checkTrust(context, answering)),
    ...(answering ? await checkTraffic(client) : []),
    ...(answering ? await checkAttention(client, context.io.now()) : []),
  ]
  const count = (wanted: Check['state']): number => checks.filter(({ state }) => state === wanted).length
  const found = count('wrong')
  context.output.data({ healthy: found === 0, checks }, () => [
    ...checks.flatMap((check) => lines(context, check)),
    closing(found, count('warn'), count('unknown')),
  ])
  if (found === 0) return EXIT.done
  return answering ? EXIT.conflict : EXIT.unreachable
}

async function unreachable(url: string): Promise<Check> {
  const { hostname, port, protocol } = new URL(url)
  const isInUse = await isOpen(hostname.replace(/^\[|\]$/g, ''), Number(port || (protocol === 'https:' ? 443 : 80)))
  return isInUse
    ? wrong('port', `${url} is in use by another program`, 'hms-svc dev --port ANOTHER')
    : wrong('port', `no server responds at ${url}`, 'hms-svc dev')
}

async function checkTraffic(client: ApiClient): Promise<Check[]> {
  const lag = readFigures(client).then(
    ({ topics }) => [judgeLag(topics)],
    ({ code, message }: HmsError) => [
      code === 'HMS_TOPICS_MISSING' ? wrong('topics', message, 'hms-svc topics diff') : unknown('lag', message),
    ],
  )
  const { answers, unreachable: unreachableServices, refusals } = await waitingLetters(client)
  const fault = (unreachableServices[0]?.error ?? refusals[0]) as Error | undefined
  const letters =
    answers.length === 0
      ? unknown('dead letters', String(fault?.message))
      : judgeLetters(
          answers.reduce((sum, { answer }) => sum + answer.length, 0),
          unreachableServices.map(({ service }) => service),
          answers.some(({ answer }) => answer.length === LETTERS_COUNTED),
        )
  return [...(await lag), letters]
}

function lines({ output: { paint } }: CliContext, { check, state, detail, next }: Check): string[] {
  const colour = { ok: paint.good, warn: paint.bad, wrong: paint.bad, unknown: (text: string) => text }[state]
  const line = `${colour(MARKS[state])} ${check.padEnd(14)} ${state === 'ok' ? '' : `${state}: `}${detail}`
  return next === undefined ? [line] : [line, `  next: ${next}`]
}

function closing(found: number, warnings: number, skipped: number): string {
  const wrong = found === 0 ? 'Nothing is wrong' : found === 1 ? 'One thing is wrong' : `${found} things are wrong`
  const warned = warnings === 0 ? '' : `; ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`
  return `${wrong}${warned}${skipped === 0 ? '' : `; ${skipped} ${skipped === 1 ? 'check was' : 'checks were'} not possible`}.`
}

const CONNECT_MS = 2_000
/** PostgreSQL's SSLRequest, which a server answers before anything else; a frozen server's kernel only accepts the connection. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])

/** Whether a TCP server accepts connections at this address within `CONNECT_MS` or, given a `request`, sends bytes in response. */
function isOpen(host: string, port: number, request?: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_MS })
    const end = (open: boolean) => (): void => {
      socket.destroy()
      resolve(open)
    }
    if (request !== undefined) socket.write(request)
    socket.once(request === undefined ? 'connect' : 'data', end(true))
    for (const event of ['timeout', 'error', 'close']) socket.once(event, end(false))
  })
}

/** Checks that the database named in the environment responds, and that its brokers accept connections. */
async function checkNamedParts(lookup: (name: string) => string | undefined): Promise<Check[]> {
  const database = lookup('HMS_DATABASE_URL')
  const brokers = lookup('HMS_KAFKA_BROKERS')?.split(',') ?? []
  return Promise.all([...(database === undefined ? [] : [checkDatabase(database)]), ...brokers.map((broker) => checkBroker(broker.trim()))])
}

async function checkDatabase(url: string): Promise<Check> {
  if (!URL.canParse(url)) return wrong('database', 'HMS_DATABASE_URL is not a URL', 'hms-svc help environment')
  const { hostname, port } = new URL(url)
  const address = `${hostname}:${port || '5432'}`
  if (await isOpen(hostname, Number(port || '5432'), SSL_REQUEST)) return ok('database', `${address} accepts connections`)
  return wrong('database', `no response from ${address}`, `pg_isready -h ${hostname} -p ${port || '5432'}`)
}

async function checkBroker(broker: string): Promise<Check> {
  const [host = '', port = ''] = broker.split(/:(?=\d+$)/)
  if (await isOpen(host, Number(port))) return ok('broker', `${broker} accepts connections`)
  return wrong('broker', `no connection to ${broker}`, 'hms-svc topics diff')
}

const MIB = 1024 * 1024
const DISK = { wrong: 100 * MIB, warn: 1024 * MIB }
const MEMORY = { wrong: 128 * MIB, warn: 512 * MIB }

/** Checks the free space for the data folder or, if it does not exist yet, for its nearest existing parent. */
async function checkDisk(dataDir: string): Promise<Check> {
  let folder = resolve(dataDir)
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  try {
    const { bavail, bsize } = await statfs(folder)
    return judgeFreeSpace('disk', bavail * bsize, DISK, `free for ${folder}`, `df -h ${folder}`)
  } catch (error) {
    return unknown('disk', `${folder}: ${problemOf(error).detail}`)
  }
}

/** Judges free space. `bounds`: bytes below which the result is wrong, or a warning. `what` and `next`: text and command of the result. */
export function judgeFreeSpace(check: string, bytes: number, bounds: { wrong: number; warn: number }, what: string, next: string): Check {
  const free = `${Math.floor(bytes / MIB)} MiB ${what}`
  if (bytes < bounds.wrong) return wrong(check, `${free}, less than ${bounds.wrong / MIB}`, next)
  if (bytes < bounds.warn) return warn(check, `${free}, less than ${bounds.warn / MIB}`, next)
  return ok(check, free)
}

/** Returns the memory available to programs, in bytes. On Linux this includes caches, which the kernel releases on demand. */
function availableMemory(): number {
  try {
    const kib = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
    return kib === undefined ? freemem() : Number(kib) * 1024
  } catch {
    return freemem()
  }
}

const SOON_MS = 30 * 24 * 60 * 60 * 1000

/** Checks the roster and the signing keys. `answering`: whether the services respond and can deliver a newer roster. */
async function checkTrust(context: CliContext, answering: boolean): Promise<Check[]> {
  let roster: Roster
  try {
    roster = answering ? await newestRoster(context) : await pinnedRoster(context)
  } catch (error) {
    const { detail } = problemOf(error)
    const next = (error instanceof HmsError ? error.next[0] : undefined) ?? 'hms-svc roster show'
    return [answering ? wrong('roster', detail, next) : unknown('roster', detail), await checkKeys(context)]
  }
  return [judgeRoster(roster, context.io.now()), await checkKeys(context, roster)]
}

/** Pure. */
export function judgeRoster({ version, expires }: Pick<Roster, 'version' | 'expires'>, now: number): Check {
  const left = Date.parse(expires) - now
  if (left <= 0) return wrong('roster', `roster ${version} expired at ${expires}`, 'hms-svc roster propose FILE')
  if (left < SOON_MS) return warn('roster', `roster ${version} expires at ${expires}`, 'hms-svc roster propose FILE')
  return ok('roster', `roster ${version}, good until ${expires}`)
}

async function checkKeys(context: CliContext, roster?: Roster): Promise<Check> {
  try {
    const folder = keyFolderOf(context)
    const keys = await folder.list()
    if (keys.length === 0) return ok('keys', `none in ${folder.dir}: this machine signs nothing`)
    const unlisted = roster === undefined ? [] : keys.filter(({ keyid }) => roster.principalOfKey(keyid) === undefined)
    if (unlisted.length === 0) return ok('keys', `${keys.length} in ${folder.dir}`)
    const names = unlisted.map(({ name }) => name).join(', ')
    return warn('keys', `the roster does not know the keys of ${names}`, 'hms-svc roster show')
  } catch (error) {
    return wrong('keys', problemOf(error).detail, 'hms-svc keys list')
  }
}

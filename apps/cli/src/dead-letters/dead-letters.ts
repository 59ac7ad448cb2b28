import { DEAD_LETTERS_LISTED, SERVICES, type DeadLetterSummary, type DeadLetterView, type LetterDecision } from '#libs/contracts'
import { letterDecision, signDecision } from '#libs/signing'
import type { CliContext } from '../context.js'
import { actOnEach } from '../documents.js'
import { problemOf, requireReason, usageError } from '../errors.js'
import { openKey } from '../keys/key-folder.js'
import type { DECIDE_LETTER, FlagsOf } from '../verbs/options.js'
import { callServices, findLetter, parseService } from './all-services.js'

export async function listDeadLetters(context: CliContext, options: { service?: string; all?: boolean }): Promise<void> {
  const { output } = context
  const client = await context.client()
  const services = options.service === undefined ? SERVICES : [parseService(options.service)]
  const state = options.all === true ? undefined : 'waiting'
  const { answers, unreachable, refusals } = await callServices(services, (service) =>
    client.get('/v1/dead-letters/{service}', { service, state }),
  )
  const fault = unreachable[0]?.error ?? refusals[0]
  if (answers.length === 0 && fault !== undefined) throw fault
  for (const { service, error } of unreachable)
    output.error(`! ${service} does not answer; its dead letters are not in this list: ${problemOf(error).detail}`)
  const letters = answers.flatMap(({ answer }) => answer).sort((a, b) => b.at.localeCompare(a.at))
  const now = context.io.now()
  output.list(
    letters,
    {
      AGE: (letter) => ageOf(letter.at, now),
      ID: (letter) => `${letter.service}/${letter.id}`,
      STATE: 'state',
      TOPIC: 'topic',
      KEY: 'key',
      RUN: (letter) => (letter.run === null ? null : `#${letter.run}`),
      CODE: 'code',
      DETAIL: 'detail',
    },
    options.all === true ? 'No dead letters.' : 'No dead letters wait. Those that were ended: hms-svc dlq list --all',
  )
  for (const { service, answer } of answers)
    if (answer.length === DEAD_LETTERS_LISTED)
      output.note(`Of ${service} the newest ${DEAD_LETTERS_LISTED} are shown; there may be older ones, which follow as these are ended.`)
  if (letters.some((letter) => letter.state === 'waiting'))
    output.note('next: hms-svc dlq show ID · hms-svc dlq replay ID · hms-svc dlq discard ID --reason TEXT')
}

/** Maximum number of characters printed of a value, which may have up to 4 MiB; `--json` prints all that is stored. */
const SHOWN = 2_000

export async function showDeadLetter(context: CliContext, text: string): Promise<void> {
  const letter = await findLetter(await context.client(), text)
  context.output.data(letter, () => linesOf(letter, context.io.now()))
}

function linesOf(letter: DeadLetterView, now: number): string[] {
  const { topic, position, key, run, tries, code, detail, closed, at } = letter
  return [
    `DEAD LETTER ${letter.service}/${letter.id}  ${letter.state}`,
    `  topic    ${topic}, at ${position}`,
    `  key      ${key ?? '–'}`,
    `  given up ${ageOf(at, now)} ago (${at}), ${tries} ${tries === 1 ? 'try' : 'tries'}`,
    `  code     ${code}`,
    `  detail   ${detail}`,
    `  run      ${run === null ? '–' : `#${run}`}`,
    ...(closed === null ? [] : [`  ${letter.state.padEnd(8)} ${closed.at} by ${closed.by}: ${closed.reason}`]),
    ...Object.entries(letter.headers).map(([name, value]) => `  header   ${name}: ${value}`),
    `  value    ${valueOf(letter)}`,
    ...nextOf(letter).map((command) => `  next: ${command}`),
  ]
}

function valueOf({ value, raw, cutFrom }: DeadLetterView): string {
  if (value === null) return '– (none)'
  const shown = value.slice(0, SHOWN)
  if (cutFrom !== null) return `${shown} (the beginning of ${cutFrom} bytes)`
  if (raw !== null) return `${shown} (no text; --json has the bytes)`
  return value.length > SHOWN ? `${shown} (--json has the rest)` : shown
}

function nextOf({ service, id, state, run }: DeadLetterView): string[] {
  const letterPath = `${service}/${id}`
  const replay = state === 'waiting' ? [`hms-svc dlq replay ${letterPath}`] : []
  const discard = state === 'waiting' || state === 'ignored' ? [`hms-svc dlq discard ${letterPath} --reason TEXT`] : []
  return [...replay, ...discard, ...(run === null ? [] : [`hms-svc runs show ${run}`])]
}

export const replayDeadLetters = endLetters('replay')
export const discardDeadLetters = endLetters('discard')

/** Returns the code of a verb that closes letters: by a decision that `--sign` signs, else by a request with the caller's key. */
function endLetters(act: LetterDecision) {
  return async (context: CliContext, ids: readonly string[], flags: FlagsOf<typeof DECIDE_LETTER>): Promise<number> => {
    const { sign, reason = '' } = flags
    if (sign !== undefined || act === 'discard') requireReason(reason, `dlq ${act}`)
    else if (reason !== '') throw usageError('A reason is signed with the decision: add --sign NAME')
    const client = await context.client()
    const signer = sign === undefined ? undefined : await openKey(context, { ...flags, sign })
    const end = async (letter: DeadLetterView): Promise<DeadLetterSummary> => {
      const { service, id } = letter
      const of = { params: { service, id } }
      if (signer === undefined && act === 'replay') return client.post('/v1/dead-letters/{service}/{id}/replay', {}, of)
      if (signer === undefined) return client.post('/v1/dead-letters/{service}/{id}/discard', { reason }, of)
      const statement = await signDecision({ ...letterDecision(act, letter), reason, at: new Date(context.io.now()) }, signer)
      return client.post('/v1/dead-letters/{service}/{id}/decisions', { statement }, of)
    }
    return actOnEach(context, ids, 'dlq', async (text) => {
      const letter = await end(await findLetter(client, text))
      const { service, id, closed } = letter
      const replayed = `replayed: ${closed?.reason === 'ignored-stale' ? 'its run had moved on, nothing changed' : 'handled'}`
      return {
        value: letter,
        message: `Dead letter ${service}/${id} ${act === 'replay' ? replayed : 'discarded; it is kept with its reason'}`,
      }
    })
  }
}

const UNITS = [
  { ms: 86_400_000, name: 'd' },
  { ms: 3_600_000, name: 'h' },
  { ms: 60_000, name: 'min' },
] as const

/** Formats an age such as `3 min`, in the largest unit with a whole number. */
function ageOf(at: string, nowMs: number): string {
  const ms = Math.max(0, nowMs - Date.parse(at))
  const unit = UNITS.find((candidate) => ms >= candidate.ms)
  return unit === undefined ? `${Math.round(ms / 1_000)} s` : `${Math.floor(ms / unit.ms)} ${unit.name}`
}

import { isObject, STOP_THE_LINE, type Freeze, type FreezeView } from '#libs/contracts'
import { digestOfPayload, signFreeze, signLift } from '#libs/signing'
import type { CliContext } from '../context.js'
import { listing } from '../documents.js'
import { requireName, requireReason, usageError } from '../errors.js'
import { readYamlMap } from '../files.js'
import { openKey, type DecisionFlags, type SignFlags } from '../keys/key-folder.js'
import { installationOf } from '../roster/rosters-here.js'

const KEYS = ['id', 'reason', 'scope', 'from', 'until', 'recurrence']
const RECURRENCE_KEYS = ['cron', 'zone', 'for']

export async function addFreeze(context: CliContext, file: string, flags: SignFlags): Promise<void> {
  return declare(context, requireFreeze(await readYamlMap(file), file), flags)
}

/** Turns the stop switch on: a freeze of all scopes that only a person ends. */
export async function stopTheLine(context: CliContext, flags: DecisionFlags): Promise<void> {
  requireReason(flags.reason, 'stop-the-line on')
  return declare(context, { id: STOP_THE_LINE, reason: flags.reason, scope: 'global' }, flags)
}

async function declare(context: CliContext, freeze: Freeze, flags: SignFlags): Promise<void> {
  const signer = await openKey(context, flags)
  const installation = await installationOf(context)
  const statement = await signFreeze(freeze, { at: new Date(context.io.now()), installation }, signer)
  const view = await context.post('/v1/freezes', { statement })
  context.output.result(view, [`${view.id} ${sentence(view)}`])
}

export const releaseTheLine = (context: CliContext, flags: DecisionFlags) => liftFreeze(context, STOP_THE_LINE, flags)

export async function liftFreeze(context: CliContext, id: string, flags: DecisionFlags): Promise<void> {
  requireName(id, 'the id of a freeze', 'hms-svc freezes list')
  requireReason(flags.reason, 'freezes lift')
  const signer = await openKey(context, flags)
  const { statement: declared, lifted } = await context.get('/v1/freezes/{id}', { id })
  if (lifted !== null && context.output.mode !== 'json') context.output.note(`${id} was lifted by ${lifted.by} at ${lifted.at}.`)
  const lift = { id, declared: digestOfPayload(declared), reason: flags.reason }
  const installation = await installationOf(context)
  const statement = await signLift(lift, { at: new Date(context.io.now()), installation }, signer)
  const view = await context.post('/v1/freezes/{id}/lift', { statement }, { params: { id } })
  context.output.result(view, [`${id} is lifted`])
}

export const listFreezes = listing(
  (client) => client.get('/v1/freezes'),
  {
    FREEZE: 'id',
    STATE: 'state',
    SCOPE: 'scope',
    NEXT: nextOf,
    BY: ({ lifted, by }) => lifted?.by ?? by,
    REASON: ({ lifted, reason }) => lifted?.reason ?? reason,
  },
  'No freezes. Declare one: hms-svc freezes add FILE --sign NAME',
)

function nextOf({ state, next }: FreezeView): string | null {
  if (state === 'ACTIVE') return next === null ? 'until lifted' : `ends ${next}`
  return next === null ? null : `begins ${next}`
}

function sentence({ state, next, scope }: FreezeView): string {
  const where = scope === 'global' ? 'everywhere' : `in ${scope}`
  if (state === 'ACTIVE') return `holds ${where} until ${next ?? 'it is lifted'}`
  return state === 'COMING' ? `begins ${where} at ${next}` : 'is over: its times lie in the past'
}

/** Requires known keys and values of the right type: a misspelt key would freeze something else. The server checks the values. */
function requireFreeze(value: Record<string, unknown>, file: string): Freeze {
  const unknown = unknownKey(value, KEYS)
  if (unknown !== undefined) throw usageError(`${file}: ${unknown} is no key of a freeze; known: ${KEYS.join(', ')}`)
  for (const key of ['id', 'reason', 'scope']) {
    if (typeof value[key] !== 'string' || value[key] === '') throw usageError(`${file}: ${key} must be text`)
  }
  for (const key of ['from', 'until']) {
    const time = value[key]
    if (time !== undefined && (typeof time !== 'string' || Number.isNaN(Date.parse(time))))
      throw usageError(`${file}: ${key} must be a time such as 2026-11-02T00:00:00Z`)
  }
  const { recurrence } = value
  if (recurrence !== undefined) {
    const fields = isObject(recurrence) ? recurrence : {}
    const odd = unknownKey(fields, RECURRENCE_KEYS)
    if (odd !== undefined) throw usageError(`${file}: ${odd} is no key of a recurrence; known: ${RECURRENCE_KEYS.join(', ')}`)
    if (!RECURRENCE_KEYS.every((key) => typeof fields[key] === 'string'))
      throw usageError(`${file}: recurrence needs cron, zone and for, such as { cron: "0 18 * * FRI", zone: America/New_York, for: 60h }`)
  }
  return value as unknown as Freeze
}

function unknownKey(value: Record<string, unknown>, known: readonly string[]): string | undefined {
  return Object.keys(value).find((key) => !known.includes(key))
}

import { HmsError, isObject, NOT_BY_CALLER, STOP_THE_LINE, type Freeze, type FreezeRecord, type FreezeView } from '#libs/contracts'
import { freezeFieldError, isTimestamp } from '#libs/policy'
import { digestOfPayload, SignatureError, signFreeze, signLift, verifyFreeze, type Roster } from '#libs/signing'
import type { CliContext } from '../context.js'
import { requireName, requireReason, usageError } from '../errors.js'
import { readYamlMap } from '../files.js'
import { openKey, type DecisionFlags, type SignFlags } from '../keys/key-folder.js'
import { installationOf, newestRostersHere, noRosterHere } from '../roster/rosters-here.js'

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

/** Printed in place of a freeze whose statements do not verify. */
type RefusedFreeze = { id: string; state: 'UNVERIFIED'; code: string; detail: string } & typeof NOTHING
const NOTHING = { scope: null, next: null, by: null, reason: null, lifted: null }

/** Lists freezes as people signed them. Marks each whose statements do not verify (exit 10). Warns without a roster. */
export async function listFreezes(context: CliContext): Promise<void> {
  const client = await context.client()
  const freezes = await client.get('/v1/freezes', { signed: 'true' })
  const known = await (await newestRostersHere(context, client))?.allEver()
  if (known === undefined && freezes.length > 0) noRosterHere(context)
  const now = context.io.now()
  const shown = freezes.map((each) => (known === undefined ? { ...each, verification: NOT_BY_CALLER } : judged(each, known, now)))
  context.output.list(
    shown,
    {
      FREEZE: 'id',
      STATE: 'state',
      SCOPE: 'scope',
      NEXT: nextOf,
      BY: ({ lifted, by }) => lifted?.by ?? by,
      REASON: ({ lifted, reason }) => lifted?.reason ?? reason,
    },
    'No freezes. Declare one: hms-svc freezes add FILE --sign NAME',
    ({ state }) => (state === 'UNVERIFIED' ? 'bad' : undefined),
  )
  const refused = shown.filter((freeze): freeze is RefusedFreeze => freeze.state === 'UNVERIFIED')
  if (refused.length === 0) return
  throw new HmsError('HMS_VERIFY_FREEZES', `${refused.length} of ${shown.length} freezes that the service shows do not verify:`, {
    status: 502,
    errors: refused.map(({ id, detail, code }) => ({ pointer: id, detail: `${detail} (${code})` })),
    next: ['hms-svc audit log --type freeze.declared', 'hms-svc help freezes'],
  })
}

/** Verifies signers and content of declaration and lift. The service is believed only on when a recurring freeze changes next. */
function judged({ state, next, ...freeze }: FreezeView, rosters: readonly Roster[], now: number): FreezeView | RefusedFreeze {
  const { id, from = '', until = null, lifted, recurrence } = freeze
  const refusals = rosters.map((roster) => refusalOf(freeze as FreezeRecord, roster))
  const [newest] = refusals
  // guard: freezes-verified
  if (newest !== undefined && !refusals.includes(undefined))
    return { id, state: 'UNVERIFIED', ...NOTHING, code: newest.code, detail: newest.detail }
  const view = { ...freeze, verification: 'by-caller' }
  if (lifted !== null) return { ...view, state: 'LIFTED', next: null }
  if (recurrence !== undefined) return { ...view, state, next }
  if (until !== null && Date.parse(until) <= now) return { ...view, state: 'OVER', next: null }
  return from !== '' && Date.parse(from) > now ? { ...view, state: 'COMING', next: from } : { ...view, state: 'ACTIVE', next: until }
}

function refusalOf(record: FreezeRecord, roster: Roster): { code: string; detail: string } | undefined {
  try {
    // With its lift alone, the keys of the declaration would not be checked.
    verifyFreeze({ ...record, lifted: null }, roster)
    verifyFreeze(record, roster)
    return undefined
  } catch (error) {
    return error instanceof SignatureError ? error : { code: 'HMS_SIGNATURE_MALFORMED', detail: 'it has no signed statement' }
  }
}

function nextOf({ state, next }: Pick<FreezeView | RefusedFreeze, 'state' | 'next'>): string | null {
  if (state === 'ACTIVE') return next === null ? 'until lifted' : `ends ${next}`
  return next === null ? null : `begins ${next}`
}

function sentence({ state, next, scope }: FreezeView): string {
  const where = scope === 'global' ? 'everywhere' : `in ${scope}`
  if (state === 'ACTIVE') return `holds ${where} until ${next ?? 'it is lifted'}`
  return state === 'COMING' ? `begins ${where} at ${next}` : 'has ended: its times are in the past'
}

/** Requires known keys and valid values before the key is unlocked: a misspelt key would freeze something else. */
function requireFreeze(value: Record<string, unknown>, file: string): Freeze {
  const unknown = unknownKey(value, KEYS)
  if (unknown !== undefined) throw usageError(`${file}: ${unknown} is no key of a freeze; known: ${KEYS.join(', ')}`)
  const odd = ['id', 'reason', 'scope'].find((key) => typeof value[key] !== 'string')
  if (odd !== undefined) throw usageError(`${file}: ${odd} must be text`)
  const moment = ['from', 'until'].find((key) => value[key] !== undefined && !isTimestamp(value[key]))
  if (moment !== undefined) throw usageError(`${file}: ${moment} must be a time such as 2026-11-02T00:00:00Z`)
  const wrong = freezeFieldError(value as unknown as Freeze)
  if (wrong !== undefined) throw usageError(`${file}: ${wrong}`)
  const { recurrence } = value
  if (recurrence !== undefined) {
    const fields = isObject(recurrence) ? recurrence : {}
    const other = unknownKey(fields, RECURRENCE_KEYS)
    if (other !== undefined) throw usageError(`${file}: ${other} is no key of a recurrence; known: ${RECURRENCE_KEYS.join(', ')}`)
    if (!RECURRENCE_KEYS.every((key) => typeof fields[key] === 'string'))
      throw usageError(`${file}: recurrence needs cron, zone and for, such as { cron: "0 18 * * FRI", zone: America/New_York, for: 60h }`)
  }
  return value as unknown as Freeze
}

function unknownKey(value: Record<string, unknown>, known: readonly string[]): string | undefined {
  return Object.keys(value).find((key) => !known.includes(key))
}

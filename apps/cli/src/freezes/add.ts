import type { Signer } from '#libs/signing'
import { EXIT, isObject, type Freeze, type FreezeView } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { usageError } from '../errors.js'
import { readYamlMap } from '../yaml-file.js'
import { keyFolderOf, openKey } from '../keys/key-folder.js'
import { installationOf } from '../roster/installation.js'
import type { SignedReason } from './signed-reason.js'

const KEYS = ['id', 'reason', 'scope', 'from', 'until', 'recurrence']
const RECURRENCE_KEYS = ['cron', 'zone', 'for']

export async function addFreeze(context: CliContext, file: string, flags: Omit<SignedReason, 'reason'>): Promise<number> {
  const freeze = requireFreeze(await readYamlMap(file), file)
  const signer = await openKey(context, keyFolderOf(context), flags.sign, flags)
  return declare(context, freeze, signer)
}

export async function declare(context: CliContext, freeze: Freeze, signer: Signer): Promise<number> {
  const { signFreeze } = await import('#libs/signing')
  const installation = await installationOf(context)
  const statement = await signFreeze(freeze, { at: new Date(context.io.now()), installation }, signer)
  const view = await (await context.client()).post('/v1/freezes', { statement })
  if (context.output.mode === 'json') context.output.data(view, () => [])
  else context.output.done(`${view.id} ${sentence(view)}`)
  return EXIT.done
}

function sentence({ state, next, scope }: FreezeView): string {
  const where = scope === 'global' ? 'everywhere' : `in ${scope}`
  switch (state) {
    case 'ACTIVE':
      return `holds ${where} ${next === null ? 'until it is lifted' : `until ${next}`}`
    case 'COMING':
      return `begins ${where} at ${next}`
    default:
      return 'is over: its times lie in the past'
  }
}

/** Requires known keys: a misspelt one would freeze something else than intended. The server checks the values. */
function requireFreeze(value: Record<string, unknown>, file: string): Freeze {
  const strange = unknownKey(value, KEYS)
  if (strange !== undefined) throw usageError(`${file}: ${strange} is no key of a freeze; known: ${KEYS.join(', ')}`)
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

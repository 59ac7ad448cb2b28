import { HmsError } from '#libs/contracts'
import type { Roster } from '#libs/signing'
import type { CliContext } from '../context.js'
import { problemOf } from '../errors.js'
import { keyFolderOf } from '../keys/key-folder.js'
import { newestRoster, pinnedRoster } from '../roster/rosters-here.js'
import { ok, unknown, warn, wrong, type Check } from './check.js'

const SOON_MS = 30 * 24 * 60 * 60 * 1000

/** `answering`: whether the services can deliver a newer roster. */
export async function checkTrust(context: CliContext, answering: boolean): Promise<Check[]> {
  let roster: Roster
  try {
    roster = answering ? await newestRoster(context) : await pinnedRoster(context)
  } catch (error) {
    const next = error instanceof HmsError ? (error.next[0] ?? 'hms-svc roster show') : 'hms-svc roster show'
    const { detail } = problemOf(error)
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
    const strange = roster === undefined ? [] : keys.filter(({ keyid }) => roster.principalOfKey(keyid) === undefined)
    if (strange.length === 0) return ok('keys', `${keys.length} in ${folder.dir}`)
    const names = strange.map(({ name }) => name).join(', ')
    return warn('keys', `the roster does not know the keys of ${names}`, 'hms-svc roster show')
  } catch (error) {
    return wrong('keys', problemOf(error).detail, 'hms-svc keys list')
  }
}

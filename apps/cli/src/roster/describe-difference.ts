import { canonicalJson, type JsonObject } from '#libs/contracts'
import { describeMatch, type EarlierRole, type Role, type RosterKey, type RosterPredicate } from '#libs/signing'

/** Describes every change of the next roster in words, for its signers. */
export function describeDifference(from: RosterPredicate, to: RosterPredicate): string[] {
  const { principals: _from, roles: _roles, revoked: before = [], earlierRoles: past = [], version, ...restOfFrom } = from
  const { principals: _to, roles: __roles, revoked: after = [], earlierRoles: kept = [], version: next, ...restOfTo } = to
  const nameOf = (id: string): string => to.principals[id]?.name ?? from.principals[id]?.name ?? id
  const lines = [
    ...describePrincipals(from.principals, to.principals),
    ...describeRoles(from.roles, to.roles, nameOf),
    ...onlyInSecond(before, after).map(
      ({ keyid, since, reason }) => `! key ${keyid} of ${holderOf(keyid, [from, to])} is revoked since ${since}: ${reason}`,
    ),
    ...describeLog(from, to),
    ...onlyInSecond(past, kept).map((entry) => `+ ${describeEarlierRole(entry, nameOf)}`),
    ...onlyInSecond(kept, past).map((entry) => `! no longer: ${describeEarlierRole(entry, nameOf)}`),
    ...describeMembers(restOfFrom, restOfTo),
  ]
  return [`Roster ${version} → ${next}`, ...(lines.length === 0 ? ['nothing changes but the version'] : lines).map((line) => `  ${line}`)]
}

export function describeEarlierRole({ role, until, authorSigns }: EarlierRole, nameOf: (id: string) => string): string {
  const rules = describeMembers({}, { ...othersOf(role), ...(authorSigns === undefined ? {} : { authorSigns }) })
  return [`approved before ${until} by role ${role.name} as it was: ${describeRole(role, nameOf)}`, ...rules].join('; ')
}

/** Formats `2 of 3 for every policy: A, B, C`. */
export function describeRole({ threshold, principals, match }: Role, nameOf: (id: string) => string): string {
  return `${threshold} of ${principals.length} for ${describeMatch(match)}: ${principals.map(nameOf).join(', ')}`
}

function describeRoles(from: readonly Role[], to: readonly Role[], nameOf: (id: string) => string): string[] {
  const removed = from.filter(({ name }) => !to.some((role) => role.name === name)).map(({ name }) => `- role ${name} is removed`)
  const rest = to.flatMap((role) => {
    const before = from.find(({ name }) => name === role.name)
    if (before === undefined)
      return [`+ role ${role.name}: ${describeRole(role, nameOf)}`, ...describeMembers({}, othersOf(role)).map((line) => `  ${line}`)]
    const [joins, leaves] = [onlyInSecond(before.principals, role.principals), onlyInSecond(role.principals, before.principals)]
    const [previous, now] = [`${before.threshold} of ${before.principals.length}`, `${role.threshold} of ${role.principals.length}`]
    const parts = [
      ...(previous === now ? [] : [`${previous} → ${now}`]),
      ...(joins.length === 0 ? [] : [`${joins.map(nameOf).join(', ')} join${joins.length === 1 ? 's' : ''}`]),
      ...(leaves.length === 0 ? [] : [`${leaves.map(nameOf).join(', ')} leave${leaves.length === 1 ? 's' : ''}`]),
      ...(canonicalJson(before.match) === canonicalJson(role.match)
        ? []
        : [`for ${describeMatch(before.match)} → for ${describeMatch(role.match)}`]),
      ...describeMembers(othersOf(before), othersOf(role)),
    ]
    return parts.length === 0 ? [] : [`  role ${role.name}: ${parts.join('; ')}`]
  })
  return [...removed, ...rest]
}

/** Warns the signer if the next roster drops the current log or one of its witnesses: policies stored by bots would no longer be proven. */
function describeLog(from: RosterPredicate, to: RosterPredicate): string[] {
  const keepsLog = ({ log, witnesses = [], quorum = 0 }: Pick<RosterPredicate, 'log' | 'witnesses' | 'quorum'>): boolean =>
    log === from.log && quorum <= (from.quorum ?? 0) && (from.witnesses ?? []).every((witness) => witnesses.includes(witness))
  if (from.log === undefined || keepsLog(to) || to.earlierLogs?.some(keepsLog)) return []
  return ['! what the log and its witnesses proved until now no longer counts, unless they stay among the earlierLogs with an end (until)']
}

function othersOf({ name: _name, threshold: _threshold, principals: _principals, match: _match, ...rest }: Role): JsonObject {
  return rest as JsonObject
}

/** Describes the changed members that have no description of their own, so that no signed member is omitted. */
function describeMembers(from: object, to: object): string[] {
  const text = (value: unknown): string =>
    value === undefined ? 'nothing' : typeof value === 'string' ? value : canonicalJson(value as JsonObject)
  const [before, after] = [from as Record<string, unknown>, to as Record<string, unknown>]
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) =>
    text(before[name]) === text(after[name]) ? [] : [`${name}: ${text(before[name])} → ${text(after[name])}`],
  )
}

/** Returns the elements of `to` that `from` lacks, compared as JSON. */
function onlyInSecond<T>(from: readonly T[], to: readonly T[]): T[] {
  const known = new Set(from.map((each) => JSON.stringify(each)))
  return to.filter((each) => !known.has(JSON.stringify(each)))
}

function holderOf(keyid: string, rosters: readonly RosterPredicate[]): string {
  const holders = rosters.flatMap(({ principals }) => Object.values(principals))
  return holders.find(({ keys }) => keys.some((key) => key.keyid === keyid))?.name ?? 'unknown here'
}

type Principals = RosterPredicate['principals']

function describePrincipals(from: Principals, to: Principals): string[] {
  const ids = [...new Set([...Object.keys(from), ...Object.keys(to)])]
  return ids.flatMap((id) => {
    const [before, after] = [from[id], to[id]]
    if (after === undefined)
      return [
        `- ${before!.name} (${before!.kind}) leaves; what was approved with ${fingerprintsOf(before!.keys)} no longer counts, ` +
          `unless the key stays with an end (notAfter)`,
      ]
    if (before === undefined) return [`+ ${after.name} (${after.kind}) joins with ${fingerprintsOf(after.keys)}`]
    return [
      ...(before.name === after.name ? [] : [`  ${before.name} is now called ${after.name}`]),
      ...(before.kind === after.kind ? [] : [`! ${after.name} was a ${before.kind}, and is now a ${after.kind}`]),
      ...describeKeys(after.name, before.keys, after.keys),
    ]
  })
}

function describeKeys(name: string, from: readonly RosterKey[], to: readonly RosterKey[]): string[] {
  const removed = from
    .filter(({ keyid }) => !to.some((key) => key.keyid === keyid))
    .map(({ keyid }) => `- ${name}: key ${keyid} goes; what was approved with it no longer counts`)
  const rest = to.flatMap((key) => {
    const before = from.find(({ keyid }) => keyid === key.keyid)
    if (before === undefined) return [`+ ${name}: key ${key.keyid} comes${timesOf(key)}`]
    return timesOf(before) === timesOf(key) ? [] : [`  ${name}: key ${key.keyid} is valid${timesOf(key) || ' without end'}`]
  })
  return [...removed, ...rest]
}

function fingerprintsOf(keys: readonly RosterKey[]): string {
  return keys.length === 0 ? 'no key' : keys.map((key) => `key ${key.keyid}${timesOf(key)}`).join(', ')
}

function timesOf({ notBefore, notAfter }: RosterKey): string {
  return `${notBefore === undefined ? '' : ` from ${notBefore}`}${notAfter === undefined ? '' : ` until ${notAfter}`}`
}

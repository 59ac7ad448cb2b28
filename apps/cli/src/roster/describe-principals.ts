import type { RosterKey, RosterPredicate } from '#libs/signing'

type Principals = RosterPredicate['principals']

/** Describes added and removed principals, and changed keys. */
export function describePrincipals(from: Principals, to: Principals): string[] {
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
  const gone = from
    .filter(({ keyid }) => !to.some((key) => key.keyid === keyid))
    .map(({ keyid }) => `- ${name}: key ${keyid} goes; what was approved with it no longer counts`)
  const rest = to.flatMap((key) => {
    const before = from.find(({ keyid }) => keyid === key.keyid)
    if (before === undefined) return [`+ ${name}: key ${key.keyid} comes${timesOf(key)}`]
    return timesOf(before) === timesOf(key) ? [] : [`  ${name}: key ${key.keyid} is valid${timesOf(key) || ' without end'}`]
  })
  return [...gone, ...rest]
}

function fingerprintsOf(keys: readonly RosterKey[]): string {
  return keys.length === 0 ? 'no key' : keys.map((key) => `key ${key.keyid}${timesOf(key)}`).join(', ')
}

function timesOf({ notBefore, notAfter }: RosterKey): string {
  return `${notBefore === undefined ? '' : ` from ${notBefore}`}${notAfter === undefined ? '' : ` until ${notAfter}`}`
}

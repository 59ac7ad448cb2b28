import type { Json, JsonObject } from '#libs/contracts'

/** Keys that describe a policy; all others are its rule. */
const DESCRIBING = ['id', 'version', 'effective', 'title', 'description', 'owner', 'tags', 'units', 'schema', 'partners', 'breaking']

export function ruleOf(policy: JsonObject): [key: string, value: Json][] {
  return Object.entries(policy).flatMap(([key, value]) => (value === undefined || DESCRIBING.includes(key) ? [] : [[key, value]]))
}

/** As people write it: `µg/m³` of `ug_per_m3`. Empty where the policy names none. */
export function unitText({ units }: JsonObject): string {
  if (typeof units !== 'string') return ''
  return units
    .replaceAll('_per_', '/')
    .replaceAll(/\bug\b/g, 'µg')
    .replaceAll(/\bm3\b/g, 'm³')
    .replaceAll(/\bm2\b/g, 'm²')
}

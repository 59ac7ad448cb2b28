import { EVENT_TYPES, isEventType } from '#libs/contracts'

const NAMES = new Set(EVENT_TYPES.map(nameOf))

/**
 * What this version makes of a type. A name of its own in another major version carries news that it would have to understand: a dead
 * letter. A name it never heard of was added by a newer producer, for others: ignored.
 */
export function compatibilityOf(type: string): 'known' | 'other-major' | 'unknown' {
  if (isEventType(type)) return 'known'
  return NAMES.has(nameOf(type)) ? 'other-major' : 'unknown'
}

function nameOf(type: string): string {
  return type.replace(/\.v\d+$/, '')
}

import { EVENT_TYPES, isEventType } from '#libs/contracts'

const NAMES = new Set(EVENT_TYPES.map(nameOf))

/**
 * Returns how this version treats an event type. A known name in another major version contains data that the service would have to
 * understand: it becomes a dead letter. An unknown name was added by a newer producer for other consumers: it is ignored.
 */
export function compatibilityOf(type: string): 'known' | 'other-major' | 'unknown' {
  if (isEventType(type)) return 'known'
  return NAMES.has(nameOf(type)) ? 'other-major' : 'unknown'
}

function nameOf(type: string): string {
  return type.replace(/\.v\d+$/, '')
}

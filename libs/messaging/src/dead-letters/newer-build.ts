/** Code for a type in a major version that this build does not read. */
export const NEWER_MAJOR = 'HMS_EVENT_MAJOR_UNKNOWN'
/** Code for a value of a closed list that this build does not know. */
export const NEWER_VALUE = 'HMS_EVENT_WORD_UNKNOWN'

/**
 * Whether an event was dead-lettered because a newer build sent it. The event does not fail its run: it waits as a dead letter for a build
 * that can read it (ADR 0076).
 */
export function isOfNewerBuild(code: string): boolean {
  return code === NEWER_MAJOR || code === NEWER_VALUE
}

/** Code for a type in a major version that this build does not read. */
export const NEWER_MAJOR = 'HMS_EVENT_MAJOR_UNKNOWN'
/** Code for a value of a closed list that this build does not know. */
export const NEWER_VALUE = 'HMS_EVENT_WORD_UNKNOWN'

/** Whether a newer build sent the event. It does not fail its run, but waits for a build that can read it (ADR 0076). */
export function isOfNewerBuild(code: string): boolean {
  return code === NEWER_MAJOR || code === NEWER_VALUE
}

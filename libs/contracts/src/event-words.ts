/** Returns an event type in words: `canary observation started` for `hms.canary.observation-started.v1`. */
export function eventWords(type: string): string {
  return type
    .replace(/^hms\./, '')
    .replace(/\.v\d+$/, '')
    .replaceAll(/[.-]/g, ' ')
}

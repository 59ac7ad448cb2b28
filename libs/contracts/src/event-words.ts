/** `canary observation started` of `hms.canary.observation-started.v1`. */
export function eventWords(type: string): string {
  return type
    .replace(/^hms\./, '')
    .replace(/\.v\d+$/, '')
    .replaceAll(/[.-]/g, ' ')
}

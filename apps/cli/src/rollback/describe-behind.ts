/** Returns a line for each config-store that could not be reached: it follows through the bus. */
export function describeBehind(stored: readonly { url: string; ok: boolean; detail?: string }[]): string[] {
  return stored.filter(({ ok }) => !ok).map(({ url, detail }) => `${url} does not have it yet${detail === undefined ? '' : `: ${detail}`}`)
}

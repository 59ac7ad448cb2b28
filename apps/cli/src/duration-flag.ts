/** Parses a flag such as `90s` or `5m` into milliseconds; undefined if it is absent. */
export async function parseDurationFlag(flag: string, text: string | undefined): Promise<number | undefined> {
  if (text === undefined) return undefined
  const { parseDuration } = await import('#libs/client')
  return parseDuration(text, flag)
}

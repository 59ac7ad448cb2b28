/**
 * What a body may be. `parts`: values and members, whatever they hold. `kept: false`: nothing of it is stored or passed on, so it may hold
 * numbers and texts that others would read otherwise.
 */
export interface BodyBounds {
  bytes: number
  parts: number
  depth: number
  kept?: boolean
}

/** Of a route that says nothing. */
export const BODY_BOUNDS: Readonly<BodyBounds> = { bytes: 64 * 1024, parts: 1_000, depth: 16 }

export function boundsOf(route: { config?: unknown }): BodyBounds {
  return (route.config as { bounds?: BodyBounds } | undefined)?.bounds ?? BODY_BOUNDS
}

const [QUOTE, BACKSLASH, COMMA, OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = Buffer.from('"\\,[]{}') as unknown as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
]

/**
 * The bound that JSON text breaks, `undefined` for none. Counts brackets and commas outside of strings and builds nothing, so that what
 * is too much is refused before memory is taken for it. Whether it is JSON is for the parser.
 */
export function brokenBound(text: Buffer, { parts, depth }: Pick<BodyBounds, 'parts' | 'depth'>): string | undefined {
  let level = 0
  let seen = 1
  for (let at = 0; at < text.length; at++) {
    const byte = text[at]
    if (byte === QUOTE) at = endOfString(text, at)
    else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) level--
    else if (byte === COMMA) seen++
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      seen++
      if (++level > depth) return `it is nested more than ${depth} deep`
    } else continue
    if (seen > parts) return `it has more than ${parts} parts`
  }
  return undefined
}

/** Where its closing quote stands; the end of the text when none does. */
function endOfString(text: Buffer, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === QUOTE) return at
    if (text[at] === BACKSLASH) at++
  }
  return text.length
}

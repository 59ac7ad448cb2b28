/**
 * Returns how deep a parser of this text may recurse: brackets, runs of signs, and `branches`, the caller's count of nesting words of its
 * language. Counted before parsing, so the result may be too high, never too low.
 */
export function nestingOf(text: string, branches: number): number {
  let open = 0
  let deepest = 0
  for (const char of text) {
    if ('([{'.includes(char)) deepest = Math.max(deepest, ++open)
    if (')]}'.includes(char)) open--
  }
  const longestSigns = Math.max(0, ...(text.match(/[!-]+(\s*[!-]+)*/g) ?? []).map((run) => run.length))
  return Math.max(deepest, longestSigns, branches)
}

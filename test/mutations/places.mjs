/**
 * Where `find` stands in `source`, as `[start, end)` pairs. White space and trailing commas do not count, so that a guard is still found
 * after the formatter has broken its line.
 */
export function placesOf(source, find) {
  const tokens = find.trim().match(/[\w$]+|[^\s\w$]/g) ?? []
  const isWord = (token) => /^[\w$]/.test(token ?? '')
  const parts = tokens.map((token, index) => {
    const before = index === 0 ? '' : isWord(token) && isWord(tokens[index - 1]) ? '\\s+' : '\\s*'
    const comma = index > 0 && ')]}'.includes(token) ? ',?\\s*' : ''
    return before + comma + token.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  const [start, end] = [/^\s/.test(find) ? '\\s*' : '', /\s$/.test(find) ? '\\s*' : '']
  return [...source.matchAll(new RegExp(start + parts.join('') + end, 'g'))].map((match) => [match.index, match.index + match[0].length])
}

/** `source` with `replace` at each of these places. */
export function replaceAt(source, places, replace) {
  const apart = (text) => (/^\s+$/.test(text) ? '\n' : '')
  return places.toReversed().reduce((text, [start, end]) => {
    const removed = text.slice(start, end)
    // The white space around it went with it: what stood on lines of their own must not end up on one.
    return text.slice(0, start) + apart(removed.at(0)) + replace + apart(removed.at(-1)) + text.slice(end)
  }, source)
}

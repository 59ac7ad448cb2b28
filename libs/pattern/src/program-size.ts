/** Repetition: `{3}`, `{3,}` or `{3,9}`. */
const REPEAT = /\{(\d{1,9})(,(\d{0,9}))?\}/y

/**
 * Returns an upper bound of the instructions that an RE2 pattern compiles to, from its text only: compiling takes time and memory that grow
 * with them, and 17 characters (`(abcdefghij){1000}`) suffice for 10,000. Counts a character as one instruction, each operator as one more,
 * a repetition as its copies, and a table of Unicode as several. For unknown syntax the count is too high, never too low.
 */
export function programSize(pattern: string): number {
  const groups = [0]
  let tables = 0
  // Size of the part that a repetition would repeat.
  let last = 0
  const add = (size: number): void => {
    groups[groups.length - 1]! += size
    last = size
  }
  for (let at = 0; at < pattern.length;) {
    const char = pattern[at]!
    const repeat = char === '{' ? repeatAt(pattern, at) : undefined
    if (repeat !== undefined) {
      const repeated = (last + 1) * repeat.times + 2
      groups[groups.length - 1]! += repeated - last
      last = repeated
      at = repeat.end
    } else if (pattern.startsWith('\\Q', at)) {
      // Literal up to `\E`; a repetition behind it repeats the last of its characters.
      const end = pattern.indexOf('\\E', at)
      add((end < 0 ? pattern.length : end + 2) - at)
      at = end < 0 ? pattern.length : end + 2
    } else if (char === '\\') {
      // The rest of an escape (`\pL`, `\x{41}`) counts as characters of its own; only its braces must not look like a repetition.
      const escape = /\\(?:[pPx]\{[^}]*\}|.|$)/sy
      escape.lastIndex = at
      const [text] = escape.exec(pattern)!
      tables += tablesIn(text)
      add(1)
      at += text.length
    } else if (char === '[') {
      const end = endOfClass(pattern, at)
      tables += tablesIn(pattern.slice(at, end))
      add(1)
      at = end
    } else if (char === '(') {
      groups.push(0)
      last = 0
      at++
    } else if (char === ')') {
      const size = groups.length > 1 ? groups.pop()! : 0
      add(size + 3)
      at++
    } else if ('*+?|'.includes(char)) {
      // An empty alternative is an instruction too; a star of what may be empty is two.
      const own = char === '|' || char === '*' ? 2 : 1
      groups[groups.length - 1]! += own
      last += own
      at++
    } else {
      add(1)
      at++
    }
  }
  return groups.reduce((sum, size) => sum + size, 4 + tables)
}

function repeatAt(pattern: string, at: number): { times: number; end: number } | undefined {
  REPEAT.lastIndex = at
  const found = REPEAT.exec(pattern)
  if (found === null) return undefined
  // `{3,}` is three copies and a star.
  return { times: Math.max(Number(found[1]), Number(found[3] ?? 0)) + 1, end: REPEAT.lastIndex }
}

/** Counts Unicode tables, each of which takes as long to compile as several instructions, however often it is repeated. */
function tablesIn(text: string): number {
  return 8 * (text.match(/\\[pP]/g) ?? []).length
}

/**
 * Returns the offset behind the bracket that closes a class; a bracket that comes first, or in `[:alpha:]`, or behind a backslash, closes
 * nothing.
 */
function endOfClass(pattern: string, at: number): number {
  const found = /\[\^?\]?(?:\[:\^?\w*:\]|\\.|[^\]\\])*\]?/sy
  found.lastIndex = at
  found.exec(pattern)
  return Math.max(found.lastIndex, at + 1)
}

import { RE2JS } from '@bufbuild/re2'

/** Maximum instructions of one pattern: `^[a-z]{1,1000}$` has 2,000. */
const MAX_PROGRAM = 2_500

/** Remaining steps: each executes one instruction at one character, and was measured at some 50 ns on Node 20. */
export interface Steps {
  left: number
}

export interface Pattern {
  /** Upper bound of the instructions that the pattern compiles to. */
  size: number
  /**
   * Whether the pattern matches some part of `text`. Charges `steps` at most one step per instruction of the program for each character,
   * and as many for the end of the text. Throws `RangeError` when no steps are left.
   */
  test(text: string, steps: Steps): boolean
}

/** Error for a pattern that is not RE2, or too large. */
export class PatternRefused extends Error {}

const [ALT, ALT_MATCH, CAPTURE, EMPTY_WIDTH, MATCH, NOP] = [1, 2, 3, 4, 6, 7] as const
const FIRST_RUNE = 8

/**
 * Compiles an RE2 pattern (no look-around, no back-references); throws `PatternRefused`. Matching simulates the program, in time bounded by
 * program times text. The library's own automaton is not used: beyond its cache of 10,000 states, it is quadratic in the program.
 */
export function compilePattern(pattern: string, maxProgram = MAX_PROGRAM): Pattern {
  const size = programSize(pattern)
  if (size > maxProgram) throw tooLarge(maxProgram)
  const { inst: program, start } = parse(pattern).re2().prog
  if (program.length > maxProgram) throw tooLarge(maxProgram)
  return { size, test: matcher(program, start) }
}

function parse(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    throw new PatternRefused(`pattern ${JSON.stringify(pattern)} is invalid: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function tooLarge(max: number): PatternRefused {
  return new PatternRefused(
    `a pattern compiles to at most ${max} instructions; bounded repetitions are expanded: repeat less, or less often`,
  )
}

function matcher(program: ReturnType<RE2JS['re2']>['prog']['inst'], start: number): Pattern['test'] {
  // Typed arrays, because objects are three times as slow.
  const [ops, outs, args] = (['op', 'out', 'arg'] as const).map((member) => Int32Array.from(program, (one) => one[member])) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ]
  const seenAt = new Float64Array(program.length)
  const reached = new Int32Array(program.length)
  const following = new Int32Array(program.length + 1)
  const open = new Int32Array(2 * program.length + 1)
  let generation = 0
  return (text, steps) => {
    let { left } = steps
    let waiting = 0
    following[waiting++] = start
    try {
      for (let at = 0, before = -1; ;) {
        generation++
        const rune = text.codePointAt(at) ?? -1
        const context = contextOf(before, rune)
        let count = 0
        for (let index = 0; index < waiting; index++) {
          let depth = 0
          open[depth++] = following[index]!
          while (depth > 0) {
            const pc = open[--depth]!
            if (seenAt[pc] === generation) continue
            seenAt[pc] = generation
            if (--left < 0) throw new RangeError('matching exceeds the step limit') // guard: pattern-steps
            const op = ops[pc]!
            if (op >= FIRST_RUNE) reached[count++] = pc
            else if (op === MATCH) return true
            else if (op === ALT || op === ALT_MATCH) {
              open[depth++] = args[pc]!
              open[depth++] = outs[pc]!
            } else if (op === NOP || op === CAPTURE || (op === EMPTY_WIDTH && (args[pc]! & ~context) === 0)) open[depth++] = outs[pc]!
          }
        }
        if (rune < 0) return false
        waiting = 0
        following[waiting++] = start
        for (let index = 0; index < count; index++) {
          const pc = reached[index]!
          if (program[pc]!.matchRune(rune)) following[waiting++] = outs[pc]!
        }
        before = rune
        at += rune > 0xffff ? 2 : 1
      }
    } finally {
      steps.left = Math.max(left, 0)
    }
  }
}

/** Returns which of RE2's empty-width conditions are true between two runes; -1 is the end of the text on either side. */
function contextOf(before: number, after: number): number {
  const begins = before < 0 ? 0b0101 : before === 0x0a ? 0b0001 : 0
  const ends = after < 0 ? 0b1010 : after === 0x0a ? 0b0010 : 0
  return begins | ends | (isWord(before) === isWord(after) ? 0b10_0000 : 0b01_0000)
}

function isWord(rune: number): boolean {
  return (rune >= 0x61 && rune <= 0x7a) || (rune >= 0x41 && rune <= 0x5a) || (rune >= 0x30 && rune <= 0x39) || rune === 0x5f
}

/** Repetition: `{3}`, `{3,}` or `{3,9}`. */
const REPEAT = /\{(\d{1,9})(,(\d{0,9}))?\}/y

/**
 * Returns an upper bound of an RE2 pattern's instructions, also for unknown syntax. Compiling them takes time and memory: 17 characters
 * (`(abcdefghij){1000}`) make 10,000. A character counts one, an operator one more, a repetition its copies, a Unicode table several.
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
      // Literal up to `\E`; a repetition after it repeats its last character.
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
      // An empty alternative is an instruction too; a star after a part that may be empty is two.
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

/** Returns the instructions to count for Unicode tables: compiling one takes as long as several, however often it is repeated. */
function tablesIn(text: string): number {
  return 8 * (text.match(/\\[pP]/g) ?? []).length
}

/** Returns the offset after the bracket that closes a class. A bracket at the start, in `[:alpha:]` or after a backslash closes none. */
function endOfClass(pattern: string, at: number): number {
  const found = /\[\^?\]?(?:\[:\^?\w*:\]|\\.|[^\]\\])*\]?/sy
  found.lastIndex = at
  found.exec(pattern)
  return Math.max(found.lastIndex, at + 1)
}

import { RE2JS } from '@bufbuild/re2'
import { programSize } from './program-size.js'

/** Limit of instructions of one pattern: `^[a-z]{1,1000}$` has 2,000. */
const MAX_PROGRAM = 2_500

/** Remaining steps: each executes one instruction at one character, and was measured at some 50 ns on Node 20. */
export interface Steps {
  left: number
}

export interface Pattern {
  /** Upper bound of the instructions of its program. */
  size: number
  /**
   * Whether the pattern matches some part of `text`. Charges at most as many steps as its program has instructions, for each character and
   * again, to `steps`; throws `RangeError` when there are none left.
   */
  test(text: string, steps: Steps): boolean
}

/** Error for a pattern that is not RE2, or too large. */
export class PatternRefused extends Error {}

const [ALT, ALT_MATCH, CAPTURE, EMPTY_WIDTH, MATCH, NOP] = [1, 2, 3, 4, 6, 7] as const
const FIRST_RUNE = 8

/**
 * Compiles an RE2 pattern: neither look-around nor back-references. Matching is our own: it simulates the compiled program, so its time is
 * bounded by program times text. The library's automaton caches up to 10,000 states of a pattern, and is quadratic in the program beyond
 * them. Throws `PatternRefused`.
 */
export function compilePattern(pattern: string, maxProgram = MAX_PROGRAM): Pattern {
  const size = programSize(pattern)
  if (size > maxProgram) throw tooLarge(maxProgram)
  const { inst: program, start } = parse(pattern).re2().prog
  if (program.length > maxProgram) throw tooLarge(maxProgram)
  return { size, test: matcher(program, start) }
}

type Program = ReturnType<RE2JS['re2']>['prog']['inst']

function parse(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    throw new PatternRefused(
      `pattern ${JSON.stringify(pattern)} is not understood: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

function tooLarge(max: number): PatternRefused {
  return new PatternRefused(`a pattern compiles to at most ${max} instructions, repetitions written out: repeat less, or less often`)
}

function matcher(program: Program, start: number): Pattern['test'] {
  // Objects are three times as slow.
  const [ops, outs, args] = (['op', 'out', 'arg'] as const).map((member) => Int32Array.from(program, (one) => one[member])) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ]
  const seenAt = new Float64Array(program.length)
  const reached = new Int32Array(program.length)
  const following = new Int32Array(program.length + 1)
  const open = new Int32Array(2 * program.length + 1)
  let turn = 0
  return (text, steps) => {
    let { left } = steps
    let waiting = 0
    following[waiting++] = start
    try {
      for (let at = 0, before = -1; ;) {
        turn++
        const rune = text.codePointAt(at) ?? -1
        const context = contextOf(before, rune)
        let count = 0
        for (let index = 0; index < waiting; index++) {
          let depth = 0
          open[depth++] = following[index]!
          while (depth > 0) {
            const pc = open[--depth]!
            if (seenAt[pc] === turn) continue
            seenAt[pc] = turn
            if (--left < 0) throw new RangeError('matching takes more steps than it may')
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

/** Stands for the escape character until `Output` has sanitized a line; random, and made late, because `node:crypto` is slow to load. */
let mark: string | undefined
const markOfProcess = (): string => (mark ??= process.getBuiltinModule('node:crypto').randomUUID())

/** Replaces the placeholders in a sanitized line with the escape character. */
export function withColours(line: string): string {
  return mark === undefined ? line : line.replaceAll(mark, '\u001b')
}

/** Colours words for one stream. Words and marks carry the meaning; colour is only an aid. */
export interface Paint {
  good(text: string): string
  bad(text: string): string
  warn(text: string): string
  dim(text: string): string
  bold(text: string): string
}

export type Colour = keyof Paint
export type ColorChoice = 'auto' | 'always' | 'never'

const same = (text: string): string => text
export const PLAIN: Paint = { good: same, bad: same, warn: same, dim: same, bold: same }

const wrap =
  (open: number, close: number) =>
  (text: string): string =>
    `${markOfProcess()}[${open}m${text}${markOfProcess()}[${close}m`
export const COLOURED: Paint = { good: wrap(32, 39), bad: wrap(31, 39), warn: wrap(33, 39), dim: wrap(2, 22), bold: wrap(1, 22) }

/** Chooses colours by the first of: flag, NO_COLOR, FORCE_COLOR, terminal. Empty NO_COLOR is unset; FORCE_COLOR=0 is no colour. */
export function choosePaint(choice: ColorChoice, environment: { noColor?: string; forceColor?: string }, isTerminal: boolean): Paint {
  if (choice !== 'auto') return choice === 'always' ? COLOURED : PLAIN
  if (environment.noColor !== undefined && environment.noColor !== '') return PLAIN
  if (environment.forceColor !== undefined) return environment.forceColor === '0' ? PLAIN : COLOURED
  return isTerminal ? COLOURED : PLAIN
}

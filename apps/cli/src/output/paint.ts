import { randomUUID } from 'node:crypto'

/**
 * Stands for the escape character until `Output` has cleaned a line. It is new in each process, so no text that came from elsewhere holds
 * it.
 */
const MARK = randomUUID()

/** The line as a terminal takes it, after it was cleaned. */
export function withColours(line: string): string {
  return line.replaceAll(MARK, '\u001b')
}

/** Colours words for one stream. Words and marks carry the meaning; colour only helps the eye. */
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
    `${MARK}[${open}m${text}${MARK}[${close}m`
export const COLOURED: Paint = { good: wrap(32, 39), bad: wrap(31, 39), warn: wrap(33, 39), dim: wrap(2, 22), bold: wrap(1, 22) }

/**
 * A flag wins over the environment, NO_COLOR over FORCE_COLOR, and both over the terminal.
 * Empty NO_COLOR counts as unset (no-color.org); FORCE_COLOR=0 means no colour (as Node reads it).
 */
export function choosePaint(choice: ColorChoice, environment: { noColor?: string; forceColor?: string }, isTerminal: boolean): Paint {
  if (choice !== 'auto') return choice === 'always' ? COLOURED : PLAIN
  if (environment.noColor !== undefined && environment.noColor !== '') return PLAIN
  if (environment.forceColor !== undefined) return environment.forceColor === '0' ? PLAIN : COLOURED
  return isTerminal ? COLOURED : PLAIN
}

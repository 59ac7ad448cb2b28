import { stripVTControlCharacters } from 'node:util'
import { printable } from '#libs/contracts'

type Cell = string | number | null

/** Columns by heading. A cell is computed from the row, or is the named member of the row. */
export type Columns<Row> = Record<string, ((row: Row) => Cell) | CellName<Row>>

type CellName<Row> = { [M in keyof Row & string]: Row[M] extends Cell ? M : never }[keyof Row & string]

const GAP = '  '

/** Renders aligned lines with a heading, cut to `width`, the columns of a terminal; null: never, so programs see whole values. */
export function renderTable<Row>(rows: readonly Row[], columns: Columns<Row>, width: number | null): string[] {
  const headings = Object.keys(columns)
  const cells = [headings, ...rows.map((row) => Object.values(columns).map((cell) => textOf(row, cell)))]
  const widths = headings.map((_, index) => Math.max(...cells.map((line) => [...(line[index] ?? '')].length)))
  const lines = cells.map((line) => line.map((cell, index) => cell + ' '.repeat(widths[index]! - [...cell].length)).join(GAP))
  return lines.map((line) => cut(line.trimEnd(), width))
}

function textOf<Row>(row: Row, cell: Columns<Row>[string]): string {
  const value = typeof cell === 'function' ? cell(row) : (row[cell] as Cell)
  return value === null ? '–' : printable(String(value).replaceAll(/\s+/g, ' '))
}

/** Wraps a line at its spaces to rows of `width` visible characters; a longer word is cut. A wrapped line loses its colours. */
export function wrap(line: string, width: number | null): string[] {
  const visible = stripVTControlCharacters(line)
  if (width === null || visible.length <= width) return [line]
  const rows = ['']
  for (const word of visible.split(/(?<= )/)) {
    if (rows.at(-1)!.trim() !== '' && rows.at(-1)!.length + word.trimEnd().length > width) rows.push('    ')
    rows.push(rows.pop()! + word)
  }
  return rows.map((row) => cut(row.trimEnd(), width))
}

/** Cuts a line to `width` visible characters. A cut line loses its colours, because half an escape sequence would colour what follows. */
export function cut(line: string, width: number | null): string {
  const visible = [...stripVTControlCharacters(line)]
  if (width === null || visible.length <= width) return line
  return `${visible.slice(0, Math.max(0, width - 1)).join('')}…`
}

import { stripVTControlCharacters } from 'node:util'
import { printable } from '#libs/contracts'

/** One column: its heading and the cell of a row. */
export interface Column<Row> {
  heading: string
  cell: (row: Row) => string | number | null
}

const GAP = '  '

/**
 * Renders aligned lines with a heading, never wrapped: text beyond `width` (columns of the terminal, null without one) is cut and marked
 * with `…`. Without a terminal nothing is cut, so programs see whole values.
 */
export function renderTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width: number | null): string[] {
  const cells = [columns.map((column) => column.heading), ...rows.map((row) => columns.map((column) => textOf(column.cell(row))))]
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => [...(line[index] ?? '')].length)))
  return cells.map((line) =>
    cut(
      line
        .map((cell, index) => pad(cell, widths[index] ?? 0))
        .join(GAP)
        .trimEnd(),
      width,
    ),
  )
}

function textOf(value: string | number | null): string {
  return value === null ? '–' : printable(String(value).replaceAll(/\s+/g, ' '))
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - [...cell].length))
}

/**
 * Cuts to `width` visible characters. A coloured line loses its colours when it is cut, because half an escape would colour the following
 * text.
 */
export function cut(line: string, width: number | null): string {
  const visible = [...stripVTControlCharacters(line)]
  if (width === null || visible.length <= width) return line
  return `${visible.slice(0, Math.max(0, width - 1)).join('')}…`
}

import { stripVTControlCharacters } from 'node:util'
import { printable } from '#libs/contracts'

/** One column: heading and how a row fills it. */
export interface Column<Row> {
  heading: string
  cell: (row: Row) => string | number | null
}

const GAP = '  '

/**
 * Aligned lines with a heading, never wrapped: what goes over `width` (columns of the terminal, null without one)
 * is cut and marked with `…`. Without a terminal nothing is cut, so that programs see whole values.
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

/** Cuts to `width` visible characters. A coloured line loses its colours when it is cut: half an escape would stain what follows. */
export function cut(line: string, width: number | null): string {
  const visible = [...stripVTControlCharacters(line)]
  if (width === null || visible.length <= width) return line
  return `${visible.slice(0, Math.max(0, width - 1)).join('')}…`
}

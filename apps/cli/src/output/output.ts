import { printable, printableJson } from '#libs/contracts'
import { choosePaint, withColours, type ColorChoice, type Colour, type Paint } from './paint.js'
import { withProgramName } from './program-name.js'
import { renderTable, wrap, type Columns } from './table.js'

/** Text output. `columns` is the width of a terminal, null without one. */
export interface Sink {
  write(text: string): void
  readonly isTerminal: boolean
  readonly columns: number | null
}

/** `tty` may redraw; `plain` only appends; `json` prints one value on stdout; `quiet` prints only data and errors. */
export type OutputMode = 'tty' | 'plain' | 'json' | 'quiet'

export interface OutputOptions {
  json?: boolean
  plain?: boolean
  quiet?: boolean
  color?: ColorChoice
}

/** Prints data on stdout and all else on stderr. Escapes control characters, except those of this program's colours and redrawing. */
export class Output {
  readonly mode: OutputMode
  readonly paint: Paint
  readonly errorPaint: Paint
  private readonly silent: boolean
  private drawnRows = 0

  constructor(
    readonly stdout: Sink,
    readonly stderr: Sink,
    options: OutputOptions,
    environment: { noColor?: string; forceColor?: string },
    private readonly program = 'hms-svc',
  ) {
    const color = options.color ?? 'auto'
    this.mode = chooseMode(options, stderr.isTerminal)
    this.silent = options.quiet === true
    this.paint = choosePaint(color, environment, stdout.isTerminal)
    this.errorPaint = choosePaint(color, environment, stderr.isTerminal)
  }

  /** Prints the requested data: `value` with --json, `lines` otherwise. */
  data(value: unknown, lines: () => readonly string[]): void {
    if (this.mode === 'json') this.stdout.write(`${printableJson(value, this.stdout.isTerminal ? 2 : 0)}\n`)
    else for (const line of lines()) this.printLine(this.stdout, line)
  }

  /** Prints an array as a table. For an empty array, prints `whenEmpty` on stderr instead. `colour`: colour of a row's line. */
  list<Row>(rows: readonly Row[], columns: Columns<Row>, whenEmpty: string, colour?: (row: Row) => Colour | undefined): void {
    if (this.mode !== 'json' && rows.length === 0) this.note(whenEmpty)
    else this.data(rows, () => renderTable(rows, columns, this.stdout.columns).map((line, at) => this.coloured(line, rows[at - 1], colour)))
  }

  /** Colours the line of a table row. The heading is a line without a row. */
  private coloured<Row>(line: string, row: Row | undefined, colour?: (row: Row) => Colour | undefined): string {
    const name = row === undefined ? undefined : colour?.(row)
    return name === undefined ? line : this.paint[name](line)
  }

  /** Prints `✓ …` on stdout for a success. Not with --json or --quiet. */
  success(text: string): void {
    if (this.mode !== 'json' && !this.silent) this.printLine(this.stdout, `${this.paint.good('✓')} ${text}`)
  }

  /** Prints the result of a verb: `value` with --json; otherwise each part as a line with `✓`, which --quiet omits. */
  result(value: unknown, parts: readonly string[]): void {
    if (this.mode === 'json') this.data(value, () => [])
    else for (const part of parts) this.success(part)
  }

  /** Prints `✗ …` on stdout for a result that differs from the request. Not with --json or --quiet. */
  incomplete(text: string): void {
    if (this.mode !== 'json' && !this.silent) this.printLine(this.stdout, `${this.paint.bad('✗')} ${text}`)
  }

  /** Prints progress and side remarks on stderr. */
  note(text: string): void {
    if (!this.silent) this.printLine(this.stderr, text)
  }

  /** Prints errors on stderr in every mode. */
  error(text: string): void {
    this.printLine(this.stderr, text)
  }

  private printLine(sink: Sink, line: string): void {
    sink.write(`${clean(withProgramName(line, this.program))}\n`)
  }

  /** Replaces the rows of the last redraw on stderr. Wraps lines itself, because a redraw has to erase each row of the terminal. */
  redraw(lines: readonly string[]): void {
    const rows = lines.flatMap((line) => wrap(clean(line), this.stderr.columns))
    this.stderr.write(`${this.drawnRows === 0 ? '' : `\u001b[${this.drawnRows}A\u001b[0J`}${rows.map((row) => `${row}\n`).join('')}`)
    this.drawnRows = rows.length
  }
}

function clean(line: string): string {
  return withColours(printable(line)) // guard: output-clean
}

function chooseMode(options: OutputOptions, isTerminal: boolean): OutputMode {
  if (options.json === true) return 'json'
  if (options.quiet === true) return 'quiet'
  return isTerminal && options.plain !== true ? 'tty' : 'plain'
}

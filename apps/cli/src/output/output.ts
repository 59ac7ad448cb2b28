import { choosePaint, type ColorChoice, type Paint } from './paint.js'
import { renderTable, type Column } from './table.js'

/** Where text goes. `columns` is the width of a terminal, null without one. */
export interface Sink {
  write(text: string): void
  readonly isTerminal: boolean
  readonly columns: number | null
}

/** `tty` may redraw; `plain` only appends; `json` gives one value on stdout; `quiet` says nothing but data and errors. */
export type OutputMode = 'tty' | 'plain' | 'json' | 'quiet'

export interface OutputOptions {
  json?: boolean
  plain?: boolean
  quiet?: boolean
  color?: ColorChoice
}

/** The only way verbs speak: data on stdout, everything else on stderr. Contract §2. */
export class Output {
  readonly mode: OutputMode
  readonly paint: Paint
  readonly errorPaint: Paint
  private readonly silent: boolean

  constructor(
    readonly stdout: Sink,
    readonly stderr: Sink,
    options: OutputOptions,
    environment: { noColor?: string; forceColor?: string },
  ) {
    const color = options.color ?? 'auto'
    this.mode = chooseMode(options, stderr.isTerminal)
    this.silent = options.quiet === true
    this.paint = choosePaint(color, environment, stdout.isTerminal)
    this.errorPaint = choosePaint(color, environment, stderr.isTerminal)
  }

  /** What the verb was asked for: `value` with --json, `lines` otherwise. */
  data(value: unknown, lines: () => readonly string[]): void {
    if (this.mode === 'json') this.stdout.write(`${JSON.stringify(value, null, this.stdout.isTerminal ? 2 : 0)}\n`)
    else for (const line of lines()) this.stdout.write(`${line}\n`)
  }

  /** An array as a table; an empty one as a sentence on stderr, so that stdout stays empty for programs. */
  list<Row>(rows: readonly Row[], columns: readonly Column<Row>[], whenEmpty: string): void {
    if (this.mode !== 'json' && rows.length === 0) this.note(whenEmpty)
    else this.data(rows, () => renderTable(rows, columns, this.stdout.columns))
  }

  /** `✓ …` on stdout: something was done as asked. Not with --json or --quiet. */
  done(text: string): void {
    if (this.mode !== 'json' && !this.silent) this.stdout.write(`${this.paint.good('✓')} ${text}\n`)
  }

  /** `✗ …` on stdout: done, but not as asked. */
  undone(text: string): void {
    if (this.mode !== 'json' && !this.silent) this.stdout.write(`${this.paint.bad('✗')} ${text}\n`)
  }

  /** Progress and side remarks, on stderr. */
  note(text: string): void {
    if (!this.silent) this.stderr.write(`${text}\n`)
  }

  /** Errors, on stderr in every mode. */
  error(text: string): void {
    this.stderr.write(`${text}\n`)
  }
}

function chooseMode(options: OutputOptions, isTerminal: boolean): OutputMode {
  if (options.json === true) return 'json'
  if (options.quiet === true) return 'quiet'
  return isTerminal && options.plain !== true ? 'tty' : 'plain'
}

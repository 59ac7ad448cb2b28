import { hms, hmsInterrupted, type Finished } from '../../support/processes.js'
import { hmsOnTerminal } from '../../support/terminal.js'

/** How a verb is called. On a terminal both outputs are one. */
export const FORMS = ['pipe', 'json', 'quiet', 'terminal'] as const
export type Form = (typeof FORMS)[number]
export type InEachForm = Readonly<Record<Form, Finished>>

const FLAGS: Record<Form, string[]> = { pipe: [], json: ['--json'], quiet: ['--quiet'], terminal: [] }
/** Wider than any line: what a narrow terminal cuts is for another test. */
const COLUMNS = 500

/** Runs a verb to its end. */
export function called(form: Form, argv: readonly string[], env: Record<string, string>): Promise<Finished> {
  return form === 'terminal' ? hmsOnTerminal(argv, env, COLUMNS) : hms([...argv, ...FLAGS[form]], env)
}

/** Runs a verb that goes on until Ctrl-C, which comes once it has said `says`, with `--json` its first line. */
export function interrupted(form: Form, argv: readonly string[], env: Record<string, string>, says: string): Promise<Finished> {
  const isTime = (said: string): boolean => said.includes(form === 'json' ? '\n' : says)
  return form === 'terminal' ? hmsOnTerminal(argv, env, COLUMNS, isTime) : hmsInterrupted([...argv, ...FLAGS[form]], env, isTime)
}

/** One call in each of these forms, two at a time unless it takes the system `alone`. */
export async function inEachForm(
  call: (form: Form) => Promise<Finished>,
  { alone = false, forms = FORMS }: { alone?: boolean; forms?: readonly Form[] } = {},
): Promise<InEachForm> {
  const ran: Partial<Record<Form, Finished>> = {}
  const width = alone ? 1 : 2
  for (let at = 0; at < forms.length; at += width) {
    const together = forms.slice(at, at + width).map(async (form) => {
      ran[form] = await call(form)
    })
    await Promise.all(together)
  }
  return ran as InEachForm
}

// Escapes that colour a text, the one kind that may stand in what is not redrawn.
// eslint-disable-next-line no-control-regex
const COLOURS = /\u001b\[\d+(?:;\d+)*m/g
// What goes back to lines that were drawn before, and clears them.
// eslint-disable-next-line no-control-regex
const REDRAW = /\u001b\[(\d+)A\u001b\[0J/
// eslint-disable-next-line no-control-regex
export const ESCAPE = /\u001b/

/** The lines that stand on a terminal in the end. */
export function screenOf(text: string): string[] {
  const plain = text.replaceAll('\r\n', '\n').replaceAll(COLOURS, '').replaceAll('^C', '')
  const [first = '', ...redraws] = plain.split(REDRAW)
  const lines = linesOf(first)
  for (let at = 0; at < redraws.length; at += 2) {
    lines.splice(lines.length - Number(redraws[at]))
    lines.push(...linesOf(redraws[at + 1]!))
  }
  return lines
}

export function linesOf(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

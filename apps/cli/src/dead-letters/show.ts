import { EXIT, type DeadLetterView } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { findLetter } from './all-services.js'
import { ageOf } from './age.js'

/** Characters shown. A value may have 4 MiB; `--json` prints all of it. */
const SHOWN = 2_000

export async function showDeadLetter(context: CliContext, text: string): Promise<number> {
  const letter = await findLetter(await context.client(), text)
  context.output.data(letter, () => linesOf(letter, context.io.now()))
  return EXIT.done
}

function linesOf(letter: DeadLetterView, now: number): string[] {
  const { topic, position, key, run, tries, code, detail, closed, at } = letter
  return [
    `DEAD LETTER ${letter.service}/${letter.id}  ${letter.state}`,
    `  topic    ${topic}, at ${position}`,
    `  key      ${key ?? '–'}`,
    `  given up ${ageOf(at, now)} ago (${at}), ${tries} ${tries === 1 ? 'try' : 'tries'}`,
    `  code     ${code}`,
    `  detail   ${detail}`,
    `  run      ${run === null ? '–' : `#${run}`}`,
    ...(closed === null ? [] : [`  ${letter.state.padEnd(8)} ${closed.at} by ${closed.by}: ${closed.reason}`]),
    ...Object.entries(letter.headers).map(([name, value]) => `  header   ${name}: ${value}`),
    `  value    ${valueOf(letter)}`,
    ...nextOf(letter).map((command) => `  next: ${command}`),
  ]
}

function valueOf({ value, raw, cutFrom }: DeadLetterView): string {
  if (value === null) return '– (none)'
  const rest =
    cutFrom !== null
      ? ` (the beginning of ${cutFrom} bytes)`
      : raw !== null
        ? ' (no text; --json has the bytes)'
        : value.length > SHOWN
          ? ' (--json has the rest)'
          : ''
  return value.slice(0, SHOWN) + rest
}

function nextOf({ service, id, state, run }: DeadLetterView): string[] {
  const place = `${service}/${id}`
  const replay = state === 'waiting' ? [`hms-svc dlq replay ${place}`] : []
  const discard = state === 'waiting' || state === 'ignored' ? [`hms-svc dlq discard ${place} --reason TEXT`] : []
  return [...replay, ...discard, ...(run === null ? [] : [`hms-svc runs show ${run}`])]
}

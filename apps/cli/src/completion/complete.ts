import { EXIT, printable } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { splitLine } from './split-line.js'
import { wantedAt, type Candidate, type Wanted } from './wanted.js'

/**
 * Prints the possible continuations of `line`: a candidate on each line, then a tab and its meaning. `line` is the typed text up to the
 * cursor, the name of the program included. Exit code 1 requests the shell to complete file names. It never prints an error, which would
 * appear in the middle of the typed line.
 */
export async function completeLine(context: CliContext, line: string): Promise<number> {
  const { words, current } = splitLine(line)
  const wanted = wantedAt(context.program, { words: words.slice(1), current })
  if ('files' in wanted) return EXIT.internal
  for (const { text, about } of fitting(await candidatesOf(wanted, context), current))
    context.io.stdout.write(about === undefined ? `${oneLine(text)}\n` : `${oneLine(text)}\t${oneLine(about)}\n`)
  return EXIT.done
}

async function candidatesOf(wanted: Exclude<Wanted, { files: true }>, context: CliContext): Promise<Candidate[]> {
  if ('texts' in wanted) return wanted.texts
  try {
    const { askFor } = await import('./live.js')
    return await askFor(wanted.live, context)
  } catch {
    return []
  }
}

function fitting(candidates: readonly Candidate[], current: string): Candidate[] {
  return candidates.filter(({ text }) => text.startsWith(current))
}

/** Reduces foreign names and reasons to one line of plain text. */
function oneLine(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' '))
}

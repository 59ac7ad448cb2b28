import type { Command } from 'commander'
import { EXIT, printable } from '#libs/contracts'
import type { CliContext } from '../context.js'
import { splitLine } from './split-line.js'
import { wantedAt, type Candidate, type Wanted } from './wanted.js'

/**
 * What a shell asks while somebody types: one candidate a line, what it means behind a tab. `line` ends at the cursor and begins with the
 * name that was called. No candidates and exit code 1 mean: complete names of files. Never an error: it would land in the middle of the
 * line that is being typed.
 */
export async function completeLine(context: CliContext, program: Command, line: string): Promise<number> {
  const { words, current } = splitLine(line)
  const wanted = wantedAt(program, { words: words.slice(1), current })
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

/** Names and reasons are texts of others: they may not end the line, nor reach the terminal as more than text. */
function oneLine(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' '))
}

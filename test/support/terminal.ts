import { BIN, finished, type Finished } from './processes.js'

/** Ends as the program did; its input is empty, so that no prompt waits for long. */
const PROGRAM = `import os, pty, sys
os.environ.pop('COLUMNS', None)
width, command = sys.argv[1], sys.argv[2:]
sys.exit(os.waitstatus_to_exitcode(pty.spawn(['sh', '-c', 'stty cols ' + width + ' 2>/dev/null; exec "$@"', 'sh', *command])))`

/**
 * Runs a command line on a pseudo-terminal where both outputs are one; Python's `pty` makes it. `isTime`: of a program that goes on until
 * Ctrl-C, when what was shown is enough.
 */
export function hmsOnTerminal(
  argv: readonly string[],
  env: Record<string, string>,
  columns = 160,
  isTime?: (shown: string) => boolean,
  timeoutMs = 120_000,
): Promise<Finished> {
  const inTerminal = { TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env }
  const interruption = isTime === undefined ? undefined : ({ isTime, by: 'key' } as const)
  return finished('python3', ['-c', PROGRAM, String(columns), process.execPath, BIN, ...argv], inTerminal, timeoutMs, interruption)
}

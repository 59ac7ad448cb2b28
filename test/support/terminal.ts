import { BIN, finished, type Finished } from './processes.js'

/** Ends as the program did; what it reads comes from nowhere, so that nobody is asked for long. */
const PROGRAM = `import os, pty, sys
os.environ.pop('COLUMNS', None)
width, command = sys.argv[1], sys.argv[2:]
sys.exit(os.waitstatus_to_exitcode(pty.spawn(['sh', '-c', 'stty cols ' + width + ' 2>/dev/null; exec "$@"', 'sh', *command])))`

/** Runs a command line on a pseudo-terminal where both outputs are one; Python's `pty` makes it. */
export function hmsOnTerminal(argv: readonly string[], env: Record<string, string>, columns = 160, timeoutMs = 120_000): Promise<Finished> {
  const inTerminal = { TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env }
  return finished('python3', ['-c', PROGRAM, String(columns), process.execPath, BIN, ...argv], inTerminal, timeoutMs)
}

/** The same, and presses Ctrl-C once the program has said `when`. */
const INTERRUPTING = `import os, pty, sys
os.environ.pop('COLUMNS', None)
when, width, command = sys.argv[1].encode(), sys.argv[2], sys.argv[3:]
said, pressed = b'', False
def read(terminal):
    global said, pressed
    data = os.read(terminal, 65536)
    said += data
    if not pressed and when in said:
        pressed = True
        os.write(terminal, b'\\x03')
    return data
sys.exit(os.waitstatus_to_exitcode(pty.spawn(['sh', '-c', 'stty cols ' + width + ' 2>/dev/null; exec "$@"', 'sh', *command], read)))`

export function interruptedOnTerminal(
  argv: readonly string[],
  env: Record<string, string>,
  when: string,
  timeoutMs = 120_000,
): Promise<Finished> {
  const inTerminal = { TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env }
  return finished('python3', ['-c', INTERRUPTING, when, '160', process.execPath, BIN, ...argv], inTerminal, timeoutMs)
}

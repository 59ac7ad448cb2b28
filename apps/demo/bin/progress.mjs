// Reports the steps before the demo runs, on stderr. Plain Node: runs before anything is installed.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const REDRAW_MS = 250
const CLEAR_LINE = '\r\u001b[2K'

/**
 * Runs one step and returns its result, which is false if it failed. Prints a line when it begins and one with its time when it ends; in a
 * terminal both are one line, which counts the seconds.
 */
export async function step(title, work) {
  const { stderr } = process
  const startedAt = performance.now()
  const elapsed = () => `${((performance.now() - startedAt) / 1_000).toFixed(1)} s`
  let redraw
  if (stderr.isTTY) redraw = setInterval(() => stderr.write(`${CLEAR_LINE}  ${title}… ${elapsed()}`), REDRAW_MS)
  else stderr.write(`  ${title}…\n`)
  let isDone = false
  try {
    isDone = await work()
    return isDone
  } finally {
    clearInterval(redraw)
    stderr.write(`${stderr.isTTY ? CLEAR_LINE : ''}${isDone ? '✓' : '✗'} ${title}: ${elapsed()}\n`)
  }
}

/** Runs a program to its end, at the root; resolves to whether it succeeded. Its output is printed if it did not. */
export function run(program, argv) {
  const shell = program === 'npm' && process.platform === 'win32'
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'pipe'], cwd: ROOT, shell })
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk))
  return new Promise((resolve) => {
    const end = (isDone, reason) => {
      if (!isDone) process.stderr.write(Buffer.concat([Buffer.from('\n'), ...output, Buffer.from(reason)]))
      resolve(isDone)
    }
    child.once('error', ({ message }) => end(false, `${message}\n`))
    child.once('close', (code) => end(code === 0, ''))
  })
}

import { spawn } from 'node:child_process'
import { Socket } from 'node:net'

/**
 * Ends process `pid` by `kill -9` when this process is gone, however it went: a shell waits for the end of a pipe that only
 * we hold. Exit handlers alone would not run when the test process itself is killed.
 * @returns how to call it off, which comes before the process is ended on purpose
 */
export function killWithParent(pid: number): () => void {
  const watch = spawn('/bin/sh', ['-c', 'read -r _; kill -9 "$0"', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watch.unref()
  watch.stdin.on('error', () => undefined) // the shell was killed from outside
  if (watch.stdin instanceof Socket) watch.stdin.unref() // the pipe alone does not keep us running
  const onExit = () => {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it is gone already
    }
  }
  process.on('exit', onExit)
  return () => {
    process.off('exit', onExit)
    watch.kill('SIGKILL')
  }
}

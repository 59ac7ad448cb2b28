import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { Socket } from 'node:net'
import type { Writable } from 'node:stream'

/** Keeps a list of processes by `+PID` and `-PID` on its input, and ends all of them when its input ends: only we hold that pipe. */
const WATCH = `
pids=
while read -r line; do
  pid=\${line#?}
  case $line in
    +*) pids="$pids $pid" ;;
    *) kept=; for known in $pids; do [ "$known" = "$pid" ] || kept="$kept $known"; done; pids=$kept ;;
  esac
done
[ -z "$pids" ] || kill -9 $pids`

const watched = new Set<number>()
let watch: ChildProcessByStdio<Writable, null, null> | undefined

/**
 * Ends process `pid` by `kill -9` when this process is gone, however it went: exit handlers alone would not run when the test process is
 * itself killed.
 * @returns how to call it off, which comes before the process is ended on purpose or when it has ended
 */
export function killWithParent(pid: number): () => void {
  watched.add(pid)
  if (watch === undefined) startWatch()
  else watch.stdin.write(`+${pid}\n`)
  return () => {
    if (watched.delete(pid)) watch?.stdin.write(`-${pid}\n`)
  }
}

function startWatch(): void {
  const started = spawn('/bin/sh', ['-c', WATCH], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  watch = started
  started.unref()
  started.stdin.on('error', () => undefined) // the shell was killed from outside
  started.once('exit', () => {
    watch = undefined
    if (watched.size > 0) startWatch()
  })
  if (started.stdin instanceof Socket) started.stdin.unref() // the pipe alone does not keep us running
  for (const pid of watched) started.stdin.write(`+${pid}\n`)
}

process.on('exit', () => {
  for (const pid of watched) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it is gone already
    }
  }
})

import { Writable } from 'node:stream'
import { inheritedEnvironment, readCliEnvironment } from './cli.config.js'
import type { CliIo } from './io.js'
import type { Sink } from './output/output.js'
import { programName } from './output/program-name.js'

export function processIo(): CliIo {
  // A reader that closes early (`| head`) is no failure, and must not stop what `dev` hosts.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  return {
    stdout: sinkOf(process.stdout),
    stderr: sinkOf(process.stderr),
    interactive: process.stdin.isTTY === true,
    environment: readCliEnvironment(),
    program: programName(inheritedEnvironment(), process.argv[1] ?? ''),
    now: Date.now,
    every: (ms, callback) => {
      const timer = setInterval(callback, ms)
      return () => clearInterval(timer)
    },
    onInterrupt: (callback, orClosed = false) => {
      for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, callback)
      if (orClosed) process.stdout.on('error', callback)
      return () => {
        for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, callback)
        process.stdout.off('error', callback)
      }
    },
    onLine: (callback) => {
      // Loaded here, because most verbs read no line.
      const reader = process.getBuiltinModule('node:readline').createInterface({ input: process.stdin })
      reader.once('line', callback).once('line', () => reader.close())
      return () => reader.close()
    },
    askHidden,
  }
}

function sinkOf(stream: NodeJS.WriteStream): Sink {
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY === true,
    // A terminal without a size, as in some containers, reports 0.
    get columns() {
      return stream.isTTY === true && stream.columns > 0 ? stream.columns : null
    },
  }
}

/** Reads a line with readline; its echo is discarded. */
async function askHidden(question: string): Promise<string> {
  process.stderr.write(question)
  const { createInterface } = await import('node:readline/promises')
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  const interrupted = new AbortController()
  reader.once('SIGINT', () => interrupted.abort())
  try {
    return await reader.question('', { signal: interrupted.signal })
  } catch (error) {
    if (interrupted.signal.aborted) process.exit(130)
    throw error
  } finally {
    reader.close()
    process.stderr.write('\n')
  }
}

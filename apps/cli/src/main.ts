#!/usr/bin/env node
import { processIo } from './process-io.js'
import { runCli } from './program.js'

const code = await runCli(process.argv.slice(2), processIo())
// A service that ends itself after an error has set `process.exitCode`.
// An idle connection to the services must not keep the process alive; pending output is flushed first.
process.stdout.write('', () => process.exit(code === 0 ? process.exitCode : code))

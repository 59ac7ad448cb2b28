#!/usr/bin/env node
import { processIo } from './process-io.js'
import { runCli } from './program.js'

const code = await runCli(process.argv.slice(2), processIo())
// An idle connection to the services must not hold the shell; what was written goes out first.
process.stdout.write('', () => process.exit(code))

// `npm run test:deep [-- NAME…]`: what takes too long for every day. 10,000 seeds of the simulator, every state of a canary,
// 200 kills over 2,000 runs on real parts, wrong clocks, two instances of each service, three brokers of which one or two die, poison beside
// work, severed sockets, every route asked by Schemathesis, every guard removed once, and the conditions of four libraries broken one at
// a time; or the parts that are named.
// Ends with `N passed, N failed, N skipped`. Sizes: HMS_TEST_SEEDS, _KILLS, _RUNS.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from '../../apps/demo/bin/build.mjs'
import { install } from '../../apps/demo/bin/install.mjs'
import { chooseParts } from './deep-parts.mjs'
import { historyHere } from './history-here.mjs'
import { kafkaHere } from './kafka-here.mjs'
import { runVitest, sayTime } from './run-vitest.mjs'

const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'
/** Length of the longest line `N passed, N failed`. */
const LONGEST_COUNTS = 60

const { parts, refusal } = chooseParts(process.argv.slice(2))
if (refusal !== undefined) {
  process.stderr.write(`${refusal}\n`)
  process.exit(2)
}
if (!(await install()) || !(await build())) process.exit(1)
const needed = new Set(parts.flatMap(({ needs = [] }) => needs))
const kafka = needed.has('kafka') ? kafkaHere() : { ok: true }
if (!kafka.ok) {
  process.stderr.write(`✗ these parts need a real Kafka: ${kafka.why}.\n`)
  process.exit(1)
}
// Without it two tests would be skipped two hours from now, with one line of output.
if (needed.has('faketime') && !existsSync(FAKETIME)) {
  process.stderr.write('✗ the clocks are set wrong with faketime: apt-get install faketime\n')
  process.exit(1)
}
const history = needed.has('history') ? historyHere() : { ok: true }
const total = { passed: 0, failed: 0, skipped: 0 }
for (const part of parts) {
  if (part.needs?.includes('history') && !history.ok) {
    process.stdout.write(`${part.name}: skipped, ${history.why}\n`)
    total.skipped++
    continue
  }
  const startedAt = Date.now()
  const counts = part.specs === undefined ? await runProgram(part) : runSpecs(part)
  for (const name of Object.keys(total)) total[name] += counts[name]
  process.stdout.write(
    `${part.name}: ${counts.passed} passed, ${counts.failed} failed in ${Math.round((Date.now() - startedAt) / 1_000)} s\n`,
  )
}
sayTime('test:deep')
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`)
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1)

/** Shows what a program prints while it runs; counts by its last line. */
async function runProgram({ program }) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(program, import.meta.url))], { stdio: ['ignore', 'pipe', 'inherit'] })
  let last = ''
  for await (const text of child.stdout.setEncoding('utf8')) {
    process.stdout.write(text)
    last = `${last}${text}`.slice(-LONGEST_COUNTS)
  }
  const [, passed, failed] = /(\d+) passed, (\d+) failed\s*$/.exec(last) ?? [undefined, '0', '1']
  return { passed: Number(passed), failed: Number(failed), skipped: 0 }
}

function runSpecs({ specs, with: settings }) {
  const folder = mkdtempSync(join(tmpdir(), 'hms-deep-'))
  const report = join(folder, 'report.json')
  const argv = [...specs, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const status = runVitest(argv, { ...settings, HMS_TEST_DEEP: 'yes', HMS_TEST_KAFKA: 'required' })
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'))
    const failed = result.numFailedTests + (result.numFailedTests === 0 && status !== 0 ? 1 : 0)
    return { passed: result.numPassedTests, failed, skipped: result.numPendingTests + result.numTodoTests }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

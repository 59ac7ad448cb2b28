// `npm run test:deep`: what takes too long for every day. 10,000 seeds of the simulator, 200 kills over 5,000 runs on real parts, wrong
// clocks, two instances of each service, poison beside work, and every guard removed once. Ends with `N passed, N failed, N skipped`.
// Sizes: HMS_TEST_SEEDS, _KILLS, _RUNS.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from '../../apps/demo/bin/build.mjs'
import { install } from '../../apps/demo/bin/install.mjs'
import { kafkaHere } from './kafka-here.mjs'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'
const { env } = process

/** One after the other: each wants both cores. */
const PARTS = [
  { name: 'seeds', specs: ['test/simulation'], with: { HMS_TEST_SEEDS: env['HMS_TEST_SEEDS'] ?? '10000' } },
  {
    name: 'kills',
    specs: ['test/kill/kill.spec.ts'],
    with: { HMS_TEST_KILLS: env['HMS_TEST_KILLS'] ?? '200', HMS_TEST_RUNS: env['HMS_TEST_RUNS'] ?? '5000' },
  },
  { name: 'clocks', specs: ['test/system/clock-skew.spec.ts'], with: {} },
  { name: 'two instances', specs: ['test/kill/two-instances.spec.ts'], with: {} },
  { name: 'poison', specs: ['test/system/poison.spec.ts'], with: {} },
]

if (!install() || !build()) process.exit(1)
const kafka = kafkaHere()
if (!kafka.ok) {
  process.stderr.write(`✗ the deep tests need a real Kafka: ${kafka.why}.\n`)
  process.exit(1)
}
// Without it two tests would be passed over two hours from now, in a line that nobody reads.
if (!existsSync(FAKETIME)) {
  process.stderr.write('✗ the deep tests set clocks wrong, and need faketime for it: apt-get install faketime\n')
  process.exit(1)
}
const total = { passed: 0, failed: 0, skipped: 0 }
for (const part of PARTS) {
  const startedAt = Date.now()
  const counts = runVitest(part)
  for (const name of Object.keys(total)) total[name] += counts[name]
  process.stdout.write(
    `${part.name}: ${counts.passed} passed, ${counts.failed} failed in ${Math.round((Date.now() - startedAt) / 1_000)} s\n`,
  )
}
process.stdout.write('guards, removed one at a time:\n')
const mutate = spawnSync(process.execPath, [fileURLToPath(new URL('mutate.mjs', import.meta.url))], {
  cwd: ROOT,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
})
process.stdout.write(mutate.stdout)
const [, passed, failed] = /(\d+) passed, (\d+) failed\s*$/.exec(mutate.stdout) ?? [undefined, '0', '1']
total.passed += Number(passed)
total.failed += Number(failed)
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`)
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1)

function runVitest({ specs, with: settings }) {
  const folder = mkdtempSync(join(tmpdir(), 'hms-deep-'))
  const report = join(folder, 'report.json')
  const argv = [
    VITEST,
    'run',
    '--config',
    'test/vitest.config.ts',
    ...specs,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]
  const { status } = spawnSync(process.execPath, argv, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...env, ...settings, HMS_TEST_DEEP: 'yes', HMS_TEST_KAFKA: 'required' },
  })
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

// `npm test`: installs what is missing, says plainly what cannot run here, runs everything else. Arguments go to vitest.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from '../../apps/demo/bin/build.mjs'
import { install } from '../../apps/demo/bin/install.mjs'
import { kafkaHere } from './kafka-here.mjs'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

if (!install() || !build()) {
  process.stderr.write('✗ Nothing was tested: install or build failed, the lines above say why.\n')
  process.exit(1)
}
const kafka = kafkaHere()
if (!kafka.ok) {
  process.stderr.write(`Kafka suites are skipped: ${kafka.why}.\n`)
  if (process.env['HMS_TEST_KAFKA'] === 'required') process.exit(1)
}
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const { status } = spawnSync(process.execPath, [vitest, 'run', '--config', 'test/vitest.config.ts', ...process.argv.slice(2)], {
  stdio: 'inherit',
  cwd: ROOT,
})
process.exit(status ?? 1)

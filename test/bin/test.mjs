// `npm test`: installs what is missing, says plainly what cannot run here, runs what takes minutes. Arguments go to vitest.
import { build } from '../../apps/demo/bin/build.mjs'
import { install } from '../../apps/demo/bin/install.mjs'
import { kafkaHere } from './kafka-here.mjs'
import { runVitest, sayTime, withProjects } from './run-vitest.mjs'

if (!(await install()) || !(await build())) {
  process.stderr.write('✗ Nothing was tested: install or build failed, the lines above say why.\n')
  process.exit(1)
}
const kafka = kafkaHere()
if (!kafka.ok) {
  process.stderr.write(`Kafka suites are skipped: ${kafka.why}.\n`)
  if (process.env['HMS_TEST_KAFKA'] === 'required') process.exit(1)
}
const status = runVitest(withProjects(['quick', 'services', 'seeds', 'stories'], process.argv.slice(2)))
sayTime('npm test')
process.exit(status)

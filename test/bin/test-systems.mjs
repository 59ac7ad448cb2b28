// `npm run test:systems`: our programs on real parts, killed, frozen and cut off, and what takes long. Arguments go to vitest.
import { build } from '../../apps/demo/bin/build.mjs'
import { install } from '../../apps/demo/bin/install.mjs'
import { kafkaHere } from './kafka-here.mjs'
import { runVitest, sayTime, withProjects } from './run-vitest.mjs'

if (!(await install()) || !(await build())) process.exit(1)
const kafka = kafkaHere()
if (!kafka.ok) {
  process.stderr.write(`Kafka suites are skipped: ${kafka.why}.\n`)
  if (process.env['HMS_TEST_KAFKA'] === 'required') process.exit(1)
}
const status = runVitest(withProjects(['systems', 'kills'], process.argv.slice(2)))
sayTime('test:systems')
process.exit(status)

// `npm test`: installs what is missing, says plainly what cannot run here, runs everything else. Arguments go to vitest.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from '../../apps/demo/bin/build.mjs'
import { install } from '../../apps/demo/bin/install.mjs'

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
const { status } = spawnSync(process.execPath, [vitest, 'run', '--config', 'test/vitest.config.ts', ...process.argv.slice(2)], { stdio: 'inherit', cwd: ROOT })
process.exit(status ?? 1)

/** Java 17 and Maven: what a real broker from jars needs. */
function kafkaHere() {
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const major = /version "(\d+)/.exec(java.stderr ?? '')?.[1]
  if (java.error !== undefined || major === undefined) return { ok: false, why: 'there is no java; install a JDK, 17 or newer' }
  if (Number(major) < 17) return { ok: false, why: `java is ${major}; Kafka needs 17 or newer` }
  if (spawnSync('mvn', ['-v']).error !== undefined) return { ok: false, why: 'there is no mvn; install Maven' }
  return { ok: true }
}

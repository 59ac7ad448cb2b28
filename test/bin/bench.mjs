// `npm run bench -- NAME`: prints figures beside their floor of the same run; judges none of them.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from '../../apps/demo/bin/build.mjs'
import { install } from '../../apps/demo/bin/install.mjs'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const BENCHES = [
  'console',
  'cost',
  'first-minute',
  'get',
  'guard',
  'idle',
  'notify',
  'outbox',
  'pipeline',
  'push',
  'read',
  'rollback',
  'scale',
  'simulate',
  'soak',
  'steps',
  'storm',
  'tracing',
  'trust',
  'verdict',
]
const name = process.argv[2]
if (!BENCHES.includes(name)) {
  process.stderr.write(`usage: npm run bench -- ${BENCHES.join('|')}\n`)
  process.exit(2)
}
if (!(await install()) || !(await build())) process.exit(1)
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url))
const { status } = spawnSync(process.execPath, [vitest, 'run', '--config', 'test/vitest.bench.config.ts', `test/bench/${name}`], {
  stdio: 'inherit',
  cwd: ROOT,
})
process.exit(status ?? 1)

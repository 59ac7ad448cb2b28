// `npm run bench -- NAME`: prints figures beside their floor of the same run; judges nothing.
import { build } from '../../apps/demo/bin/build.mjs'
import { install } from '../../apps/demo/bin/install.mjs'

const BENCHES = ['pipeline', 'rollback']
const name = process.argv[2]
if (!BENCHES.includes(name)) {
  process.stderr.write(`usage: npm run bench -- ${BENCHES.join('|')}\n`)
  process.exit(2)
}
if (!install() || !build()) process.exit(1)
const { run } = await import(`../bench/${name}.mjs`)
await run(process.argv.slice(3))
process.exit(0)

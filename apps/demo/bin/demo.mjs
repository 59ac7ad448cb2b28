// `npm run demo`: a fresh checkout with only Node becomes the running story. One process from here on, so that Ctrl-C reaches it.
import { build } from './build.mjs'
import { install } from './install.mjs'

const startedAt = performance.now()
if (!(await install({ tools: false })) || !(await build())) {
  process.stderr.write('✗ The demo could not be prepared; the lines above say why. [HMS_DEMO_PREPARE]\n')
  process.exit(1)
}
process.stderr.write(`Prepared in ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`)
process.argv.splice(2, 0, 'demo')
await import('../../../dist/apps/cli/src/main.js')

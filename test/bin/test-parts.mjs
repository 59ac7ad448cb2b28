// `npm run test:parts`: what needs another language, or a tool that reads the whole tree. Arguments go to vitest.
import { build } from '../../apps/demo/bin/build.mjs'
import { install } from '../../apps/demo/bin/install.mjs'
import { runVitest, sayTime } from './run-vitest.mjs'

if (!(await install()) || !(await build({ types: true }))) process.exit(1)
const status = runVitest(['--project=parts', ...process.argv.slice(2)])
sayTime('test:parts')
process.exit(status)

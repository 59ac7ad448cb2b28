// `npm run test:quick`: what is pure or stays in its process. Installs what is missing and builds nothing. Arguments go to vitest.
import { install } from '../../apps/demo/bin/install.mjs'
import { runVitest, sayTime } from './run-vitest.mjs'

if (!(await install())) process.exit(1)
const status = runVitest(['--project=quick', ...process.argv.slice(2)])
sayTime('test:quick')
process.exit(status)

// Installs what a script of package.json needs before it runs a tool by its name.
import { install } from '../../apps/demo/bin/install.mjs'

if (!(await install())) process.exitCode = 1

// Preloaded into a process under test: prints, when it ends, the name of each package and lib that it has loaded a script of.
import { writeSync } from 'node:fs'
import { Session } from 'node:inspector'

const session = new Session()
const names = new Set()
session.connect()
session.on('Debugger.scriptParsed', ({ params: { url } }) => {
  const [, name] = /.*\/(?:node_modules|dist)\/((?:(?:@[^/]+|apps|libs)\/)?[^/]+)/.exec(url) ?? []
  if (name !== undefined) names.add(name)
})
session.post('Debugger.enable')
process.on('exit', () => writeSync(1, `LOADED ${JSON.stringify([...names])}\n`))

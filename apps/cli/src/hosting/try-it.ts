import { EDGE_PORT } from '#libs/contracts'
import { relative } from 'node:path'
import { shellWords } from '../errors.js'
import { urlOf } from './place.js'

/** Address of `dev` or `demo`, and the working folder of its user. Paths are absolute. */
interface DemoTarget {
  cwd: string
  dataDir: string
  url: string
}

/** Returns commands for a second terminal while `dev` runs. `sample`: a policy that ships with the product. */
export function commandsToTry({ sample, ...target }: DemoTarget & { sample: string }): string[] {
  const file = shellWords([pathFrom(target.cwd, sample)])
  return commandsIn(target, `approve ${file} --sign "EPA Chief" --observe 1s --watch`, 'get epa-pm25-limit')
}

/** Returns commands for a second terminal after the walkthrough of `demo`, with explanations. */
export function commandsAfterDemo(target: DemoTarget): string[] {
  const verbs = ['get epa-pm25-limit', 'rollback epa-pm25-limit@1.5.0', 'runs list', 'audit log --run 2']
  const [get, rollback, ...others] = commandsIn(target, ...verbs)
  return [get!, `${rollback}     # every bot back at 35`, ...others]
}

/** Returns one command line for a second terminal. An argument that starts with `/` is a file path, made relative to `cwd`. */
export function commandOf(target: DemoTarget, argv: readonly string[]): string {
  return commandsIn(target, shellWords(argv.map((arg) => (arg.startsWith('/') ? pathFrom(target.cwd, arg) : arg))))[0]!
}

/** Builds commands to run in `cwd`, with data folder and address if they are not the defaults. */
function commandsIn({ cwd, dataDir, url }: DemoTarget, ...verbs: string[]): string[] {
  const data = pathFrom(cwd, dataDir)
  const hms = `${data === '.hms' ? '' : `HMS_DATA_DIR=${shellWords([data])} `}npx hms-svc`
  const at = url === urlOf('127.0.0.1', EDGE_PORT) ? '' : ` --url ${url}`
  return verbs.map((verb) => `${hms} ${verb}${at}`)
}

/** Returns `path` relative to `cwd` if it is below `cwd` or at most one level above it, else unchanged. */
function pathFrom(cwd: string, path: string): string {
  const relativePath = relative(cwd, path) || '.'
  return relativePath.startsWith('../../') ? path : relativePath
}

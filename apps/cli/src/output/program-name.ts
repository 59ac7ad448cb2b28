import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAME = 'hms-svc'

/** Returns `npx hms-svc` if npm started it or it is in `node_modules`, and PATH lacks it; npm adds folders of `node_modules` to PATH. */
export function programName(
  variables: Readonly<Record<string, string | undefined>>,
  script: string,
  exists: (path: string) => boolean = existsSync,
): string {
  const byNpm = (variables['npm_command'] ?? '') !== '' || /[\\/]node_modules[\\/]/.test(script)
  if (!byNpm) return NAME
  const folders = (variables['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '' && !/[\\/]node_modules[\\/]/.test(`${folder}/`))
  return folders.some((folder) => exists(join(folder, NAME))) ? NAME : `npx ${NAME}`
}

/** Replaces `hms-svc` in a line that suggests a next command with `program`, the name that works in the user's shell. */
export function withProgramName(line: string, program: string): string {
  return program === NAME ? line : line.replace(/^(\s*next: |\s{8})hms-svc /, `$1${program} `)
}

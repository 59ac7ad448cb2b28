import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAME = 'hms-svc'

/**
 * How a shell of the user calls this program: `npx hms-svc` where npm started it, or it was run from a `node_modules`, and the path of the
 * shell does not have it. npm puts its own folders on the path of what it starts; these are not counted.
 */
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

/** A line that names a next command, with the name by which the user can call it. */
export function namedNext(line: string, program: string): string {
  return program === NAME ? line : line.replace(/^(\s*next: |\s{8})hms-svc /, `$1${program} `)
}

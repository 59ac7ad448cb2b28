import { EDGE_PORT } from '#libs/contracts'
import { relative } from 'node:path'

/** What `dev` serves, and where its user stands. Paths are absolute. */
export interface Place {
  cwd: string
  dataDir: string
  port: number
  /** A policy that ships with the product. */
  sample: string
}

/** Commands for a second terminal in the same folder, which finds neither another data folder nor another port by itself. */
export function commandsToTry({ cwd, dataDir, port, sample }: Place): string[] {
  const data = near(cwd, dataDir)
  const hms = `${data === '.hms' ? '' : `HMS_DATA_DIR=${quoted(data)} `}npx hms-svc`
  const at = port === EDGE_PORT ? '' : ` --url http://127.0.0.1:${port}`
  return [`${hms} approve ${quoted(near(cwd, sample))} --sign "EPA Chief" --observe 1s --watch${at}`, `${hms} get epa-pm25-limit${at}`]
}

/** Relative where that is below the folder, or not far from it. */
function near(cwd: string, path: string): string {
  const way = relative(cwd, path) || '.'
  return way.startsWith('../../') ? path : way
}

function quoted(path: string): string {
  return /^[\w./@:+,-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}

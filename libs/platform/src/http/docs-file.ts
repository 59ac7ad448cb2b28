import { readFileSync } from 'node:fs'

/** Folder `docs` of the package. Sources and `dist` are at different depths below the package root. */
const FOLDER = new URL(import.meta.url.endsWith('.ts') ? '../../../../docs/' : '../../../../../docs/', import.meta.url)

export function docsFile(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8')
}

/** Parses a generated document of this version, which takes 3 ms: kept in memory, both documents would take 3 MB of every process. */
export function docsDocument<T>(name: 'openapi.json' | 'asyncapi.json'): T {
  return JSON.parse(docsFile(name)) as T
}

import { readFileSync } from 'node:fs'

/** Folder `docs` of the package. Sources and `dist` are at different depths below the package root. */
const FOLDER = new URL(import.meta.url.endsWith('.ts') ? '../../../../docs/' : '../../../../../docs/', import.meta.url)

export function docsFile(name: string): string {
  return readFileSync(new URL(name, FOLDER), 'utf8')
}

const documents = new Map<string, unknown>()

/** Returns a generated document of this version, parsed once. */
export function docsDocument<T>(name: 'openapi.json' | 'asyncapi.json'): T {
  const document = documents.get(name) ?? (JSON.parse(docsFile(name)) as unknown)
  documents.set(name, document)
  return document as T
}

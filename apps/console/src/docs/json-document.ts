import { docsFile } from '#libs/platform'

/** A generated document of this version, parsed once. */
export function jsonDocument<T>(name: 'openapi.json' | 'asyncapi.json'): T {
  const read = documents.get(name) ?? (JSON.parse(docsFile(name)) as unknown)
  documents.set(name, read)
  return read as T
}

const documents = new Map<string, unknown>()

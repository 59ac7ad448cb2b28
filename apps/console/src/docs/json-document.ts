import { readFileSync } from 'node:fs'
import { FOLDER } from './folder.js'

/** A generated document of this version, parsed once. */
export function jsonDocument<T>(name: 'openapi.json' | 'asyncapi.json'): T {
  const read = documents.get(name) ?? (JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as unknown)
  documents.set(name, read)
  return read as T
}

const documents = new Map<string, unknown>()

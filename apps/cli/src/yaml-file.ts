import { isObject, type JsonObject } from '#libs/contracts'
import { usageError } from './errors.js'
import { readGivenText } from './files.js'

/** Reads a YAML or JSON file whose root is a map. */
export async function readYamlMap(file: string): Promise<JsonObject> {
  const text = await readGivenText(file)
  const { parse } = await import('yaml')
  let value: unknown
  try {
    value = parse(text)
  } catch (error) {
    throw usageError(`${file} is not YAML or JSON: ${(error as Error).message.split('\n')[0]}`)
  }
  if (!isObject(value)) throw usageError(`${file} must hold a map of keys and values`)
  return value as JsonObject
}

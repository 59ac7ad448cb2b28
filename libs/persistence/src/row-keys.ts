import type { DocumentTable, KeyValue } from './database.js'

/** PostgreSQL's limit of an index row is 2,704 bytes for all its columns together. */
const MAX_KEY_BYTES = 2_000

/**
 * Returns id and key columns of a document, in the order of the table. A text that exceeds the index limit is a bug of its producer, on
 * every adapter.
 */
export function rowKeysOf<T extends object>({ name, id, keys }: DocumentTable<T>, document: T): [string, ...KeyValue[]] {
  const values = Object.entries(keys).map(([column, { of }]) => bounded(`${name}.${column}`, of(document)))
  return [bounded(`${name}.id`, id(document)), ...values]
}

function bounded<V extends KeyValue>(column: string, value: V): V {
  const bytes = typeof value === 'string' && value.length * 3 > MAX_KEY_BYTES ? Buffer.byteLength(value) : 0
  if (bytes > MAX_KEY_BYTES) throw new TypeError(`${column} has ${bytes} bytes; a key has at most ${MAX_KEY_BYTES}`)
  return value
}

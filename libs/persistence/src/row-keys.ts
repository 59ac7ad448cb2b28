import type { DocumentTable, KeyValue } from './database.js'

/** PostgreSQL indexes no row of more than 2,704 bytes, of all its columns together. */
const MAX_KEY_BYTES = 2_000

/** Id and key columns of a document, in the order of the table. A text that outgrows an index is a bug of its maker, on every twin. */
export function rowKeysOf<T extends object>({ name, id, keys }: DocumentTable<T>, document: T): [string, ...KeyValue[]] {
  const values = Object.entries(keys).map(([column, { of }]) => bounded(`${name}.${column}`, of(document)))
  return [bounded(`${name}.id`, id(document)), ...values]
}

function bounded<V extends KeyValue>(column: string, value: V): V {
  const bytes = typeof value === 'string' && value.length * 3 > MAX_KEY_BYTES ? Buffer.byteLength(value) : 0
  if (bytes > MAX_KEY_BYTES) throw new TypeError(`${column} has ${bytes} bytes; a key has at most ${MAX_KEY_BYTES}`)
  return value
}

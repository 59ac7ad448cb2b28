import { isObject } from '#libs/contracts'

/** Declares the names of all options of an entry point; a missing or unknown name does not compile. */
export function optionNames<T>() {
  return <const N extends keyof T & string>(...names: [keyof T] extends [N] ? N[] : never[]): readonly string[] => names
}

/** Throws a `TypeError` (`HMS_OPTION_UNKNOWN`) for no object, or unknown options, so that a misspelt option is not ignored. */
export function requireKnownOptions(entry: string, options: object, known: readonly string[]): void {
  const unknown = isObject(options) ? Object.keys(options).filter((name) => !known.includes(name)) : undefined
  if (unknown?.length === 0) return
  const named = unknown?.map((name) => JSON.stringify(name.slice(0, 100))).join(', ')
  const problem = named === undefined ? 'needs an object of options' : `has no option ${named}`
  throw Object.assign(new TypeError(`${entry} ${problem}; it takes ${known.join(', ')}`), { code: 'HMS_OPTION_UNKNOWN' })
}

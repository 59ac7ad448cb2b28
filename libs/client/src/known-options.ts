/** Declares the names of all options of an entry point; a missing or unknown name does not compile. */
export function optionNames<T>() {
  return <const N extends keyof T & string>(...names: [keyof T] extends [N] ? N[] : never[]): readonly string[] => names
}

/** Throws a `TypeError` (`HMS_OPTION_UNKNOWN`) that names unknown options, so that a misspelt option is not ignored. */
export function requireKnownOptions(entry: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).filter((name) => !known.includes(name))
  if (unknown.length === 0) return
  const named = unknown.map((name) => JSON.stringify(name.slice(0, 100))).join(', ')
  const message = `${entry} has no option ${named}; it takes ${known.join(', ')}`
  throw Object.assign(new TypeError(message), { code: 'HMS_OPTION_UNKNOWN' })
}

/** Names of all options of an entry point; a missing name does not compile. */
export type OptionNames<T> = Record<keyof Required<T>, true>

/** Throws a `TypeError` (`HMS_OPTION_UNKNOWN`) that names unknown options, so that a misspelt option is not ignored. */
export function requireKnownOptions(entry: string, options: object, known: Readonly<Record<string, true>>): void {
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(known, name))
  if (unknown.length === 0) return
  const named = unknown.map((name) => JSON.stringify(name.slice(0, 100))).join(', ')
  const message = `${entry} has no option ${named}; it takes ${Object.keys(known).join(', ')}`
  throw Object.assign(new TypeError(message), { code: 'HMS_OPTION_UNKNOWN' })
}

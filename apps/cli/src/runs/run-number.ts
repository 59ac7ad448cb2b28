import { usageError } from '../errors.js'

/** Parses `184` or `#184`. */
export function parseRunNumber(text: string): number {
  const digits = /^#?([1-9]\d{0,14})$/.exec(text)?.[1]
  if (digits === undefined) throw usageError(`${text} is not the number of a run, such as 184`, ['hms-svc runs list'])
  return Number(digits)
}

import { usageError } from './errors.js'

/** Parses the whole number of a flag within its bounds; undefined without it. */
export function numberFlag(
  flag: string,
  text: string | undefined,
  { least, most, verb }: { least: number; most: number; verb: string },
): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d{1,16}$/.test(text) ? Number(text) : -1
  if (number >= least && number <= most) return number
  throw usageError(`${flag} ${text} is no number from ${least} to ${most}`, [`hms-svc ${verb} --help`])
}

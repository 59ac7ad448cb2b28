import { usageError } from '../errors.js'

/** Parses `ID@VERSION`; the services check whether it exists. */
export function parsePolicyRef(text: string): { id: string; version: string } {
  const [, id, version] = /^([a-z0-9]+(?:-[a-z0-9]+)*)@(\d+\.\d+\.\d+\S*)$/.exec(text) ?? []
  if (id === undefined || version === undefined) throw usageError(`${text} is not ID@VERSION, such as epa-pm25-limit@1.5.0`)
  return { id, version }
}

export function isPolicyRef(text: string): boolean {
  return /^[a-z0-9-]+@\d+\.\d+\.\d+[^/]*$/.test(text)
}

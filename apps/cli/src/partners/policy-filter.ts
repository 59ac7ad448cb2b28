import { usageError } from '../errors.js'

/** Parses `ID` or `ID@VERSION`. */
export function policyFilter(text: string | undefined): { policy?: string; version?: string } {
  if (text === undefined) return {}
  const [policy, version, ...rest] = text.split('@')
  if (policy === undefined || policy === '' || version === '' || rest.length > 0)
    throw usageError(`--policy ${text} is not ID or ID@VERSION, such as epa-pm25-limit@1.5.0`)
  return { policy, ...(version === undefined ? {} : { version }) }
}

import type { Json } from '#libs/contracts'
import { usageError } from '../errors.js'

export interface SecretSources {
  variable(name: string): string | undefined
  /** Reads a path relative to the folder of the partner's own file. */
  file(path: string): Promise<string>
}

/**
 * Replaces every `env:NAME` and `file:PATH` by what it names. Only the caller's side does this:
 * a server that read either would hand out its own secrets.
 */
export async function resolveSecrets(value: Json, sources: SecretSources): Promise<Json> {
  if (typeof value === 'string') return resolveText(value, sources)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Promise.all(value.map((item) => resolveSecrets(item, sources)))
  const members = Object.entries(value).map(async ([name, member]) => [name, await resolveSecrets(member ?? null, sources)] as const)
  return Object.fromEntries(await Promise.all(members))
}

async function resolveText(text: string, sources: SecretSources): Promise<string> {
  if (text.startsWith('env:')) {
    const name = text.slice('env:'.length)
    const value = sources.variable(name)
    if (value !== undefined) return value
    throw usageError(`The environment has no ${name}, which the partner's file names as a secret`, [`export ${name}=…`])
  }
  return text.startsWith('file:') ? sources.file(text.slice('file:'.length)) : text
}

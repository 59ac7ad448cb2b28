import type { Json } from '#libs/contracts'
import { pointerOf } from '#libs/policy'
import { usageError } from '../errors.js'

export interface SecretSources {
  variable(name: string): string | undefined
  /** Reads a path relative to the folder of the partner's own file. */
  file(path: string): Promise<string>
}

/** Secret members, as pointers. Every other member is sent to the partner's server, or displayed. */
const SECRETS = /^\/channels\/\d+\/(?:webhook\/secret|a2a\/secret|sftp\/key)$/

/**
 * Resolves `env:NAME` and `file:PATH` in the secrets under `/channels`, and refuses both anywhere else there: a partner's file must not
 * cause the operator's token to be sent as a user name. Only the caller's side does this: a server that resolved either would disclose its
 * own secrets.
 */
export function resolveSecrets(channels: Json, sources: SecretSources): Promise<Json> {
  return resolveMember(channels, ['channels'], sources)
}

async function resolveMember(value: Json, path: readonly (string | number)[], sources: SecretSources): Promise<Json> {
  if (typeof value === 'string') return resolveText(value, pointerOf(path), sources)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Promise.all(value.map((item, index) => resolveMember(item, [...path, index], sources)))
  const members = Object.entries(value).map(
    async ([name, member]) => [name, await resolveMember(member ?? null, [...path, name], sources)] as const,
  )
  return Object.fromEntries(await Promise.all(members))
}

async function resolveText(text: string, pointer: string, sources: SecretSources): Promise<string> {
  if (!/^(?:env|file):/.test(text)) return text
  if (!SECRETS.test(pointer)) {
    throw usageError(
      `${pointer} is not a secret: env: and file: stand only for the secret of webhook and a2a and the key of sftp; write the value`,
    )
  }
  if (text.startsWith('file:')) return sources.file(text.slice('file:'.length))
  const name = text.slice('env:'.length)
  const value = sources.variable(name)
  if (value !== undefined) return value
  throw usageError(`The environment has no ${name}, which the partner's file names as a secret`, [`export ${name}=…`])
}

import type { CliEnvironment } from '../cli.config.js'
import { usageError } from '../errors.js'

export function checkForward(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url.href
  throw usageError(`--forward ${text} is no http or https address, such as http://127.0.0.1:3000/hooks/hms`)
}

/** Returns `--secret`, else HMS_WEBHOOK_SECRET. */
export function secretOf(flag: string | undefined, environment: CliEnvironment): string | undefined {
  const secret = flag ?? environment.lookup('HMS_WEBHOOK_SECRET')
  if (secret === undefined) return undefined
  const encoded = /^whsec_(.+)$/.exec(secret)?.[1] ?? ''
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') === encoded && bytes.length >= 24 && bytes.length <= 64) return secret
  throw usageError('The secret is not whsec_ followed by the base64 of 24 to 64 bytes', ['hms-svc help environment'])
}

import { createHash } from 'node:crypto'

/** Names a secret in evidence without telling it: secrets have 24 random bytes at least. */
export function webhookKeyId(secret: string): string {
  return `sha256:${createHash('sha256').update(`hms-svc webhook key\n${secret}`).digest('hex').slice(0, 16)}`
}

import { PRODUCT } from '#libs/contracts'
import { createHash } from 'node:crypto'

/** Derives an id that names a secret in evidence without revealing it: secrets have at least 24 random bytes. */
export function webhookKeyId(secret: string): string {
  return `sha256:${createHash('sha256').update(`${PRODUCT} webhook key\n${secret}`).digest('hex').slice(0, 16)}`
}

import { HmsError } from '#libs/contracts'

const MAX_LENGTH = 200

/**
 * Returns the complete key: if two were truncated to the same value, the second would get the first one's response. Throws
 * `HMS_HTTP_KEY_INVALID` (400).
 */
export function idempotencyKeyOf(header: string | undefined): string | undefined {
  if (header === undefined || (header.length > 0 && header.length <= MAX_LENGTH)) return header
  throw new HmsError('HMS_HTTP_KEY_INVALID', `An Idempotency-Key has 1 to ${MAX_LENGTH} characters, this one has ${header.length}.`, {
    status: 400,
  })
}

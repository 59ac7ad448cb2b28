import { HmsError } from '#libs/contracts'

const MAX_LENGTH = 200

/**
 * The key as it was sent, whole: of two that were cut to one the second would get the first one's answer. `HMS_HTTP_KEY_INVALID` (400).
 */
export function idempotencyKeyOf(header: string | undefined): string | undefined {
  if (header === undefined || (header.length > 0 && header.length <= MAX_LENGTH)) return header
  throw new HmsError('HMS_HTTP_KEY_INVALID', `An Idempotency-Key has 1 to ${MAX_LENGTH} characters, this one has ${header.length}.`, {
    status: 400,
  })
}

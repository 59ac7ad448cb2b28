import { HmsError } from '#libs/contracts'

/** Checks `--expect-digest`: only the reviewed content is signed. 409 `HMS_APPROVAL_DIGEST`. */
export function expectDigest(expected: string | undefined, found: string, next: string[] = []): void {
  if (expected === undefined || expected === found) return
  throw new HmsError('HMS_APPROVAL_DIGEST', `What would be signed is not what was reviewed: ${expected} was expected, ${found} is here`, {
    status: 409,
    next,
  })
}

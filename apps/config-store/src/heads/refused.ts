import { HmsError } from '#libs/contracts'
import { SignatureError } from '#libs/signing'

/** What does not verify is the sender's to mend: 422 with the code of the rule that it breaks. */
export function orRefused<T>(verify: () => T): T {
  try {
    return verify()
  } catch (error) {
    if (error instanceof SignatureError) throw new HmsError(error.code, `${sentence(error.detail)}.`, { status: 422, cause: error })
    throw error
  }
}

function sentence(detail: string): string {
  return detail.charAt(0).toUpperCase() + detail.slice(1)
}

import { HmsError } from '#libs/contracts'
import { SignatureError } from '#libs/signing'

/** Runs a verification and converts its error to 422 with the code of the violated rule: the sender has to fix the document. */
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

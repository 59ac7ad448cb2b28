import { action, HmsError } from '#libs/contracts'
import { SignatureError } from '#libs/signing'

/** Runs `work`, and throws the HTTP error for a refused roster. */
export function refusingRosters<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error
    throw new HmsError(error.code, `The roster is refused: ${error.detail}.`, { status: 422, next: [action('roster.show')], cause: error })
  }
}
